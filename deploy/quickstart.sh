#!/usr/bin/env bash
# From a fresh clone on Debian 12 or 13 to rows that travel from PostgreSQL to Kafka, on this machine.
#
#   deploy/quickstart.sh           shows it and stays up until Ctrl-C, for you to play with
#   deploy/quickstart.sh --once    shows it, checks that exactly the committed rows arrived, stops, exits 0 (or 1)
#
# Works as root and as a user with sudo. It installs Debian packages (and says which), and otherwise changes nothing
# outside this clone: the program is built in build/release, all else lives in .quickstart/. The servers are throw-away
# ones: each run begins with empty ones.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
# shellcheck source-path=SCRIPTDIR/.. source=tests/servers/common.sh
source tests/servers/common.sh

readonly state=$PWD/.quickstart
readonly relay=build/release/src/cli/outbox-relay
readonly topic=orders.invoice
readonly limit_seconds=60
export OUTBOX_RELAY_CACHE=$state/cache CCACHE_DIR=$state/ccache

# --- What is shown ------------------------------------------------------------------------------------------------------

step_number=0
step() {
  step_number=$((step_number + 1))
  printf '\n[%d/8] %s\n' "$step_number" "$*"
}

say() { printf '      %s\n' "$*"; }

indented() { sed 's/^/      /'; }

# Prints what a log has come to: in place on a terminal, a line now and then elsewhere.
show_progress() {
  local log=$1 began=$SECONDS pause=15 form='      %s s: %s\n' line
  if [[ -t 1 ]]; then
    pause=1 form='\r\033[K      %s s: %s'
  fi
  while sleep "$pause"; do
    line=$(tail -n 1 "$log" | tr -d '\r')
    # shellcheck disable=SC2059 # the form is one of the two above
    printf "$form" $((SECONDS - began)) "${line:0:100}"
  done
}

# long_step LOG COMMAND...: runs a command that takes a while, its output in a file that is shown when it fails.
progress=''
long_step() {
  local log=$state/$1 began=$SECONDS status=0
  shift
  : >"$log"
  show_progress "$log" &
  progress=$!
  "$@" >"$log" 2>&1 </dev/null 8>&- || status=$?
  end_progress
  if ((status != 0)); then
    die_with_log "$log" "\`$*\` failed"
  fi
  say "done in $((SECONDS - began)) s"
}

end_progress() {
  [[ -n $progress ]] || return 0
  kill "$progress" 2>/dev/null || true
  wait "$progress" 2>/dev/null || true
  progress=''
  if [[ -t 1 ]]; then
    printf '\r\033[K'
  fi
}

# --- Steps --------------------------------------------------------------------------------------------------------------

install_packages() {
  local missing
  missing=$(deploy/packages.sh missing build servers)
  if [[ -z $missing ]]; then
    say "all of them are installed already"
    return
  fi
  say "installing: ${missing//$'\n'/ }"
  if ((EUID != 0)); then
    sudo -v # asks for the password here rather than inside the log
  fi
  long_step packages.log deploy/packages.sh install build servers
}

build() {
  cmake --preset release && cmake --build build/release --parallel "$(nproc)" --target outbox-relay
}

start_servers() {
  # Left over when an earlier run was killed together with its watchdogs.
  stop_servers
  rm -rf "$state/postgres" "$state/kafka"
  tests/servers/kafka prepare
  echo "starting PostgreSQL"
  tests/servers/postgres start "$state/postgres" --owner $$ >/dev/null
  echo "starting Apache Kafka"
  tests/servers/kafka start "$state/kafka" --owner $$ >/dev/null
  tests/servers/kafka topic "$state/kafka" "$topic" 3
}

stop_servers() {
  local server
  for server in kafka postgres; do
    if [[ -d $state/$server ]]; then
      tests/servers/$server stop "$state/$server"
    fi
  done
}

# What a second terminal needs to talk to everything; also used here.
write_env() {
  # shellcheck source=/dev/null
  source "$state/postgres/env" && source "$state/kafka/env"
  : >"$state/env"
  chmod 600 "$state/env" # there is a password in it
  cat >"$state/env" <<END
export PGHOST=$PGHOST PGPORT=$PGPORT PGUSER=$PGUSER PGPASSWORD=$PGPASSWORD PGDATABASE=shop
export KAFKA_BROKERS=$KAFKA_BOOTSTRAP
export HTTP_LISTEN=127.0.0.1:$(free_port)
export OUTBOX_RELAY_CACHE=$OUTBOX_RELAY_CACHE
END
  # shellcheck source=/dev/null
  source "$state/env"
}

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }

create_tables() {
  psql -X -q -d postgres -c 'CREATE DATABASE shop'
  sql -f deploy/sql/outbox.sql -f deploy/sql/control.sql -f deploy/sql/role.sql
  sql -c 'CREATE TABLE invoice (number integer PRIMARY KEY, total numeric NOT NULL)'
}

relay_pid=''
start_relay() {
  # A session of its own: Ctrl-C is answered by this script, in order; and it ends with this script, however that ends.
  setsid setpriv --pdeathsig TERM -- "$relay" run -c config/quickstart.yaml >"$state/relay.log" 2>&1 </dev/null 8>&- &
  relay_pid=$!
  wait_until $limit_seconds relay_is_ready_or_gone || die_with_log "$state/relay.log" "the relay did not become ready"
  is_running "$relay_pid" || die_with_log "$state/relay.log" "the relay ended"
}

get() { curl -sSf --max-time 10 "http://$HTTP_LISTEN$1"; }

relay_is_ready_or_gone() {
  get /readyz >/dev/null 2>&1 || has_ended "$relay_pid"
}

# Three transactions of a service; each changes its own table and tells about it in one go.
readonly transactions=(
  "BEGIN;
INSERT INTO invoice VALUES (1001, 250);
INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers)
  VALUES ('invoice', '1001', 'InvoiceCreated', '{\"number\": 1001, \"total\": 250}', '{\"tenant\": \"acme\"}'),
         ('invoice', '1001', 'InvoicePaid',    '{\"number\": 1001}',                 '{\"tenant\": \"acme\"}');
COMMIT;"
  "BEGIN;
INSERT INTO invoice VALUES (1002, 999);
INSERT INTO outbox (aggregatetype, aggregateid, type, payload)
  VALUES ('invoice', '1002', 'InvoiceCreated', '{\"number\": 1002, \"total\": 999}');
ROLLBACK;"
  "BEGIN;
INSERT INTO invoice VALUES (1003, 75);
INSERT INTO outbox (aggregatetype, aggregateid, type, payload)
  VALUES ('invoice', '1003', 'InvoiceCreated', '{\"number\": 1003, \"total\": 75}');
COMMIT;"
)
readonly committed_rows=3

run_transactions() {
  local transaction
  for transaction in "${transactions[@]}"; do
    printf '%s\n\n' "$transaction" | indented
    sql -c "$transaction"
  done
  say "in the database now (the second transaction left nothing; sent_at says that Kafka has acknowledged the row):"
  psql -X -c 'SELECT id, aggregateid AS key, type, sent_at FROM outbox ORDER BY id' | indented
}

metric() { get /metrics | sed -n "s/^outbox_relay_$1{.*} //p"; }

everything_is_completed() { [[ $(metric rows_completed_total) == "$committed_rows" ]]; }

# Everything in the topic, one record a line.
consume() { kcat -C -q -e -b "$KAFKA_BROKERS" -t "$topic" -f '%t|%k|%h|%s\n'; }

# What this group of consumers has not seen yet. -E: it stays when the broker goes away for a while.
readonly follow=(kcat -q -u -E -X auto.offset.reset=earliest)

show_records() {
  wait_until $limit_seconds everything_is_completed ||
    die_with_log "$state/relay.log" "not every row was relayed: $(metric rows_completed_total) of $committed_rows"
  timeout $limit_seconds "${follow[@]}" -b "$KAFKA_BROKERS" -c "$committed_rows" \
    -f '%t[%p] offset %o\n  key     %k\n  headers %h\n  value   %s\n' -G quickstart "$topic" | indented
}

show_metrics() {
  get /metrics |
    grep -E '^outbox_relay_(backlog_rows|rows_fetched_total|records_published_total|rows_completed_total)[{ ]' | indented
}

# Compares what Kafka has with what the database committed, and the database's marks with both.
check() {
  local expected actual unsent
  expected=$(sql -At -c "SELECT format('orders.%s|%s|message-id=%s,event-type=%s%s|%s', aggregatetype, aggregateid,
      message_id, type, ',tenant=' || (headers ->> 'tenant'), convert_from(payload, 'UTF8')) FROM outbox")
  actual=$(consume | LC_ALL=C sort)
  expected=$(LC_ALL=C sort <<<"$expected")
  unsent=$(sql -At -c 'SELECT count(*) FROM outbox WHERE sent_at IS NULL')
  if [[ $(wc -l <<<"$expected") != "$committed_rows" || $actual != "$expected" || $unsent != 0 ]]; then
    printf 'expected:\n%s\nfound in Kafka:\n%s\nrows not marked as sent: %s\n' "$expected" "$actual" "$unsent" >&2
    die "the records are not the committed rows"
  fi
  say "checked: exactly the $committed_rows committed rows arrived, with their keys and headers, and are marked as sent"
}

say_what_next() {
  cat <<END

Everything is up. In another terminal, in this directory:

  source .quickstart/env

  # another row; its record appears below
  psql -c "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('invoice', '1004', 'InvoiceCreated', '{}')"
  # many rows at once
  psql -c "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT 'invoice', g::text, 'InvoiceCreated', '{}' FROM generate_series(1, 100000) g"
  psql -c "SELECT count(*) FILTER (WHERE sent_at IS NULL) AS pending, count(sent_at) AS sent FROM outbox"

  # how the relay is doing
  curl http://\$HTTP_LISTEN/metrics
  curl http://\$HTTP_LISTEN/readyz?verbose
  tail -f .quickstart/relay.log

  # a broker goes away and comes back; insert rows meanwhile, and watch outbox_relay_backlog_rows (the same with postgres)
  tests/servers/kafka stop .quickstart/kafka
  tests/servers/kafka start .quickstart/kafka

  # your own configuration: begin with config/example.yaml
  $relay check -c config/example.yaml

Records appear here as they arrive. Ctrl-C stops everything.
END
}

# Until Ctrl-C; a relay that ends by itself ends it too.
stay() {
  setsid setpriv --pdeathsig KILL -- "${follow[@]}" -b "$KAFKA_BROKERS" -f '      %t[%p] %k %h %s\n' \
    -G quickstart "$topic" 2>"$state/kcat.log" </dev/null 8>&- &
  viewer=$!
  trap 'exit 0' INT
  wait "$relay_pid" || true
  die_with_log "$state/relay.log" "the relay ended by itself"
}

# --- The end ------------------------------------------------------------------------------------------------------------

viewer=''
stop_everything() {
  local status=$?
  trap '' INT TERM
  set +e
  end_progress
  if [[ -n $viewer ]]; then
    # kcat answers SIGTERM only after a long talk with the broker.
    kill -KILL "$viewer" 2>/dev/null
    wait "$viewer" 2>/dev/null
  fi
  if [[ -n $relay_pid ]] && is_running "$relay_pid"; then
    kill -TERM "$relay_pid"
    wait "$relay_pid"
    printf '\nThe relay has drained and stopped (exit code %d).\n' $?
  fi
  stop_servers
  if [[ -n $ready ]]; then
    echo "The servers are stopped."
  fi
  exit "$status"
}

once=no
case ${1-} in
  '') ;;
  --once) once=yes ;;
  -h | --help) usage 0 ;;
  *) usage 2 >&2 ;;
esac

mkdir -p "$state"
exec 8>"$state/lock" # closed in every process that may outlive this one
flock --nonblock 8 || die "another quick start is running in this clone"
ready=''
trap stop_everything EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step "Debian packages"
install_packages

step "The program ($relay)"
long_step build.log build

step "A throw-away PostgreSQL and a throw-away Apache Kafka (in .quickstart/)"
ready=yes
long_step servers.log start_servers
write_env
say "PostgreSQL on $PGHOST:$PGPORT, Kafka on $KAFKA_BROKERS"

step "The outbox table and the relay's role (deploy/sql/*.sql)"
create_tables
psql -X -c '\d outbox' | sed '/^Indexes/,$d' | indented

step "The relay (config/quickstart.yaml)"
start_relay
say "ready; it serves http://$HTTP_LISTEN and logs to .quickstart/relay.log"

step "Three transactions, one of them rolled back"
run_transactions

step "The records in Kafka"
show_records

step "What the relay says about it (http://$HTTP_LISTEN/metrics)"
show_metrics

if [[ $once == yes ]]; then
  check
else
  say_what_next
  stay
fi
