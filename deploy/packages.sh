#!/usr/bin/env bash
# The Debian packages of this project, listed once: for people, the scripts, the image and CI.
#
#   deploy/packages.sh list SET...        prints the names for this release of Debian (12 or 13), one a line
#   deploy/packages.sh missing SET...     prints those that are not installed
#   deploy/packages.sh install SET...     says which are missing and installs them (as root, or through sudo)
#
# Sets:
#   build     compiler, build tools, libraries with headers
#   runtime   what the built program needs to run
#   servers   a throw-away PostgreSQL and Kafka, and clients to look at them (quick start, tests)
#   tests     what the tests are built with, and what only they need: a connection pooler, a wrong clock, jq
#   checks    formatting, linting, fuzzing, promtool, and what makes and judges the unit, the chart and the Debian package
#   image     what `tests/run.sh --all` needs for trees of Debian, container images and a systemd of its own
#   browser   a headless Chromium for the status page, also of `--all` only: it is large
set -euo pipefail

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
  exit "$1"
}

# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${ID}${VERSION_ID-}")

packages_of() {
  case $1 in
    build)
      printf '%s\n' g++ cmake ninja-build pkg-config ca-certificates git \
        libpq-dev libpqxx-dev librdkafka-dev libyaml-cpp-dev libspdlog-dev prometheus-cpp-dev libcli11-dev
      # Boost 1.81 or later; Debian 12's libboost-dev is 1.74 and cannot be installed beside it.
      case $release in
        debian12) echo libboost1.81-dev ;;
        debian13) echo libboost1.83-dev ;;
      esac
      ;;
    runtime)
      printf '%s\n' ca-certificates libpq5 librdkafka1 libprometheus-cpp-core1.0
      case $release in
        debian12) printf '%s\n' libpqxx-6.4 libyaml-cpp0.7 libspdlog1.10 ;;
        debian13) printf '%s\n' libpqxx-7.10 libyaml-cpp0.8 libspdlog1.15 ;;
      esac
      ;;
    servers) printf '%s\n' postgresql default-jre-headless maven kcat curl ;;
    tests) printf '%s\n' catch2 ccache jq libfaketime openssl pgbouncer ;;
    checks) printf '%s\n' clang-19 clang-format-19 libclang-rt-19-dev llvm-19 shellcheck prometheus dpkg-dev file lintian man-db python3 python3-venv systemd ;;
    image) printf '%s\n' mmdebstrap buildah crun podman runc systemd-container ;;
    browser) printf '%s\n' chromium-headless-shell fonts-dejavu-core ;;
    *) usage 2 >&2 ;;
  esac
}

list() {
  local set
  (($# > 0)) || usage 2 >&2
  case $release in
    debian12 | debian13) ;;
    *)
      echo "packages.sh: this is $release; the packages are known for Debian 12 and 13" >&2
      exit 1
      ;;
  esac
  for set; do
    packages_of "$set"
  done | LC_ALL=C sort -u
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "packages.sh: installing packages needs root or sudo" >&2
    exit 1
  fi
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

list_missing() {
  local package names
  names=$(list "$@")
  for package in $names; do
    is_installed "$package" || echo "$package"
  done
}

# Debian would create and start a PostgreSQL cluster of its own on port 5432; nobody here needs it.
readonly postgres_settings=/etc/postgresql-common
readonly no_cluster=$postgres_settings/createcluster.d/outbox-relay.conf

forbid_cluster() {
  as_root mkdir -p "${no_cluster%/*}"
  echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null
  trap allow_cluster EXIT
}

allow_cluster() {
  as_root rm -f "$no_cluster"
  as_root rmdir --ignore-fail-on-non-empty "${no_cluster%/*}" "$postgres_settings"
}

# Debian starts a pooler of its own, now and at each boot; nobody here needs it.
stop_pooler() {
  if [[ -d /run/systemd/system ]]; then
    as_root systemctl disable --now pgbouncer
  fi
}

install_packages() {
  local missing
  missing=$(list_missing "$@")
  if [[ -z $missing ]]; then
    echo "all packages are installed already"
    return
  fi
  echo "installing: ${missing//$'\n'/ }"
  if ! is_installed postgresql-common; then
    forbid_cluster
  fi
  as_root apt-get update -q
  # --no-remove: rather fail than take away what somebody has installed.
  # shellcheck disable=SC2086 # one word a package
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y -o Dpkg::Use-Pty=0 \
    --no-install-recommends --no-remove $missing
  if [[ $missing == *pgbouncer* ]]; then
    stop_pooler
  fi
}

case ${1-} in
  list) list "${@:2}" ;;
  missing) list_missing "${@:2}" ;;
  install) install_packages "${@:2}" ;;
  -h | --help) usage 0 ;;
  *) usage 2 >&2 ;;
esac
