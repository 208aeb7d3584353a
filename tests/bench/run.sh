#!/usr/bin/env bash
# The benchmark: how fast the relay is on this machine, against a bare program and the loop that people write.
#
#   tests/bench/run.sh                    every shape in full; a machine with nothing else to do, please
#   tests/bench/run.sh --quick            two minutes: some shapes (--list), with fewer rows and two repeats
#   tests/bench/run.sh --only SHAPE       one shape (may be repeated), with --quick the small form of it
#   tests/bench/run.sh --arm TEXT         only arms with TEXT in their names (may be repeated)
#   tests/bench/run.sh --repeats N        how often each arm is run
#   tests/bench/run.sh --rows N           how many rows a backlog has (1 million)
#   tests/bench/run.sh --list             the shapes, and the disk that each needs
#   tests/bench/run.sh --sent-rows N      how many sent rows are retained in a table (5 million)
#   tests/bench/run.sh --large-rows N     how many rows a large backlog has (10 million)
#   tests/bench/run.sh --check            a tiny run that fails when a count that is not a time is wrong
#   tests/bench/run.sh --write-readme     afterwards puts all results of build/bench/ into README.md
#
# Installs what is missing (deploy/packages.sh says what), builds into build/bench-release, starts its own
# PostgreSQL and Kafka on the loopback address below TMPDIR, and leaves nothing behind but build/. Results:
# tables on standard output; build/bench/SHAPE.md, SHAPE.svg, and SHAPE.json with every single run.
set -euo pipefail
cd "$(dirname "$0")/../.."
readonly build=build/bench-release
readonly results=build/bench
readonly readme=tests/bench/README.md
readonly log=build/bench-build.log

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
  exit "$1"
}

# Optimised like what is shipped, but with the benchmark beside it.
build() {
  deploy/packages.sh install build servers tests
  tests/servers/kafka prepare
  echo "building into $build (log: $log)"
  {
    cmake --preset release -B "$build" -DOUTBOX_RELAY_TESTS=ON
    cmake --build "$build" --parallel "$(nproc)" --target bench
  } >"$log" 2>&1 || {
    tail -n 40 "$log"
    return 1
  }
}

# The shapes in their order, as far as there are results.
print_results() {
  local shape
  cat "$results/machine.md"
  while IFS=: read -r shape _; do
    if [[ -f $results/$shape.md ]]; then
      printf '\n'
      cat "$results/$shape.md"
      printf '\n![%s](%s.svg)\n' "$shape" "$shape"
      cp "$results/$shape.svg" "${readme%/*}/"
    fi
  done < <("$build/tests/bench/bench" --list)
}

write_readme() {
  local new
  new=$(mktemp)
  {
    sed '/^<!-- results -->$/q' "$readme"
    print_results
    sed -n '/^<!-- end of results -->$/,$p' "$readme"
  } >"$new"
  cat "$new" >"$readme"
  rm "$new"
}

options=()
write=no
while (($# > 0)); do
  case $1 in
    --quick | --list | --check) options+=("$1") ;;
    --only | --arm | --repeats | --rows | --sent-rows | --large-rows)
      [[ -n ${2-} ]] || usage 2 >&2
      options+=("$1" "$2")
      shift
      ;;
    --write-readme) write=yes ;;
    -h | --help) usage 0 ;;
    *) usage 2 >&2 ;;
  esac
  shift
done

mkdir -p build
exec 9>build/bench.lock
flock --nonblock 9 || { echo "another benchmark is running in this clone" >&2 && exit 1; }
build >&2
"$build/tests/bench/bench" --output "$results" "${options[@]}" 9>&-
if [[ $write == yes ]]; then
  write_readme
fi
