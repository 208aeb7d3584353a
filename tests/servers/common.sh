# Shared by the server scripts (sourced, not run): processes, ports, waiting, and the watchdog.
# shellcheck shell=bash

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Fails with the end of a server's log, which is what one wants to see.
die_with_log() {
  local log=$1
  shift
  if [[ -s $log ]]; then
    printf -- '--- the last lines of %s\n' "$log" >&2
    tail -n 40 "$log" >&2
    printf -- '---\n' >&2
  fi
  die "$@"
}

# The start time (clock ticks since boot) of a process; fails when it is gone or a zombie. Together with
# the pid it names a process for good, whatever becomes of the number later.
process_start_time() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -r -a fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] && echo "${fields[19]}"
}

is_running() { process_start_time "$1" >/dev/null; }

# wait_until SECONDS COMMAND...: polls; fails after the time given.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS <= deadline)) || return 1
    sleep 0.02
  done
}

has_ended() { ! is_running "$1"; }

# A port below the ephemeral range on which nobody listens. Drawn at random, so that servers started at
# the same moment do not meet; a server that loses such a race fails to bind, and its start is repeated.
free_port() {
  local port hex
  while :; do
    port=$((20000 + SRANDOM % 12000))
    printf -v hex '%04X' "$port"
    if ! grep -qs "^ *[0-9]*: [0-9A-F]*:$hex " /proc/net/tcp /proc/net/tcp6; then
      echo "$port"
      return
    fi
  done
}

# start_watchdog DIR OWNER [--temporary]: stops the server in DIR when the process OWNER is gone, and with
# --temporary removes DIR. Uses the script's own command `watch`.
start_watchdog() {
  stop_watchdog "$1"
  setsid "$0" watch "$@" </dev/null >/dev/null 2>&1 &
  echo $! >"$1/watchdog.pid"
}

stop_watchdog() {
  local pid
  pid=$(cat "$1/watchdog.pid" 2>/dev/null) || return 0
  rm -f "$1/watchdog.pid"
  # The watchdog itself comes here when it stops the server.
  if ((pid != $$)) && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF " watch $1 "; then
    kill "$pid" 2>/dev/null || true
  fi
}

# watch DIR OWNER [--temporary]; `stop_at_once DIR` is the calling script's.
watch() {
  local dir=$1 owner=$2 temporary=${3-} started
  started=$(process_start_time "$owner") || started=gone
  while [[ $(process_start_time "$owner") == "$started" ]]; do
    [[ -d $dir ]] || exit 0
    sleep 0.5
  done
  stop_at_once "$dir" || true
  if [[ $temporary == --temporary ]]; then
    rm -rf "$dir"
  fi
}

# parse_start_options OPTION...: sets `settings`, `owner`, `temporary`, `secure` and `brokers`.
# shellcheck disable=SC2034 # used by the scripts that source this file
parse_start_options() {
  settings=() owner='' temporary=() secure='' brokers=1
  while (($# > 0)); do
    case $1 in
      -c)
        [[ ${2-} == ?*=* ]] || die "-c ${2-}: expected name=value"
        settings+=("$2")
        shift 2
        ;;
      --owner)
        [[ ${2-} =~ ^[0-9]+$ ]] || die "--owner ${2-}: expected a process id"
        owner=$2
        shift 2
        ;;
      --temporary)
        temporary=(--temporary)
        shift
        ;;
      --secure)
        [[ -f ${2-}/ca.pem && -f $2/server.pem && -f $2/server.key ]] ||
          die "--secure ${2-}: expected a folder with ca.pem, server.pem and server.key"
        secure=$(readlink -f "$2")
        shift 2
        ;;
      --brokers)
        [[ ${2-} =~ ^[1-9]$ ]] || die "--brokers ${2-}: expected a number from 1 to 9"
        brokers=$2
        shift 2
        ;;
      *) die "unknown option $1 (see --help)" ;;
    esac
  done
}

# The comment at the top of a script is its help.
usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
  exit "$1"
}
