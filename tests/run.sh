#!/usr/bin/env bash
# Everything CI runs, in parts, from a bare Debian 12 (or 13): installs packages (as root, or through sudo), builds, tests.
#
#   tests/run.sh                 all parts but the slow ones
#   tests/run.sh --all           the slow ones too: the quick start, a Debian 13 tree, the container image, the service under systemd, a browser
#   tests/run.sh --only PART     one part (may be repeated); what it builds on must have run before
#   tests/run.sh --list          the parts
#
# Each part writes build/logs/PART.log. What failed is shown after the last part. The last line is `N passed, N failed`:
# test cases, and one for each part that has none. The exit status is 0 when none failed.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
logs=$root/build/logs
jobs=$(nproc)

# --- Parts: a function each; it fails by returning non-zero -------------------------------------------------------------

readonly ordinary_parts=(install scripts format build unit deploy documents servers observe bench asan tsan fuzz faults)
readonly slow_parts=(quickstart debian13 image service browser)

describe() {
  case $1 in
    install) echo "Debian packages, and the jars of a throw-away Kafka" ;;
    scripts) echo "shellcheck of every shell script" ;;
    format) echo "clang-format of every source file" ;;
    build) echo "the program and its tests, warnings as errors" ;;
    unit) echo "tests without servers" ;;
    deploy) echo "systemd unit, Helm chart, compose file, Debian package" ;;
    documents) echo "the documentation: each command in it is run" ;;
    servers) echo "tests against a real PostgreSQL and Kafka, the whole process among them" ;;
    observe) echo "alerts and dashboard with a real Prometheus, through load and faults" ;;
    bench) echo "a tiny benchmark: that it works, and counts that are not times" ;;
    faults) echo "the whole process while servers, networks and the process itself fail; a verifier judges" ;;
    asan) echo "unit and adapter tests under AddressSanitizer and UndefinedBehaviorSanitizer" ;;
    tsan) echo "the relay's pipeline under ThreadSanitizer" ;;
    fuzz) echo "configuration, headers, templates and HTTP, fuzzed for a short time" ;;
    quickstart) echo "the quick start, once" ;;
    debian13) echo "build and unit tests in a tree of Debian 13" ;;
    image) echo "the container image: built, run, health check" ;;
    service) echo "the Debian package and its service under a real systemd" ;;
    browser) echo "the status page in a headless Chromium" ;;
  esac
}

part_install() {
  deploy/packages.sh install build servers tests checks
  if [[ $all == yes ]]; then
    deploy/packages.sh install image browser
  fi
  tests/servers/kafka prepare
}

part_scripts() {
  local file scripts=()
  while read -r file; do
    if [[ $file == *.sh ]] || head -n 1 "$file" | grep -q '^#!.*sh$'; then
      scripts+=("$file")
    fi
  done < <(find .ci deploy tests -type f)
  shellcheck --external-sources "${scripts[@]}"
}

part_format() {
  find src tests '(' -name '*.h' -o -name '*.cpp' ')' -print0 | xargs -0 clang-format-19 --dry-run -Werror
}

# configure_and_build PRESET TARGET...
configure_and_build() {
  local preset=$1
  shift
  cmake --preset "$preset" -DOUTBOX_RELAY_WARNINGS_AS_ERRORS=ON
  cmake --build "build/$preset" --parallel "$jobs" "${@/#/--target=}"
}

# run_tests PRESET CTEST_OPTION...
run_tests() {
  local preset=$1
  shift
  ctest --test-dir "build/$preset" --no-tests=error --verbose "$@"
}

part_build() { configure_and_build dev; }
part_unit() { run_tests dev -L unit --parallel "$jobs"; }
part_deploy() { tests/deploy/check; }
part_documents() { tests/documents/run build/dev/src/cli/outbox-relay; }
part_servers() { run_tests dev -L servers --parallel "$jobs"; }
part_faults() { run_tests dev -L faults --parallel "$jobs"; }

part_observe() {
  promtool check rules --lint=all --lint-fatal deploy/prometheus/alerts.yaml
  promtool check config --lint=all --lint-fatal deploy/prometheus/prometheus.yaml
  promtool test rules deploy/prometheus/alerts_test.yaml
  tests/observe/run build/dev/src/cli/outbox-relay
}

part_bench() { tests/bench/run.sh --check; }

# The programs that run under a sanitizer: the modules and the adapters. The whole process has its own part.
readonly asan_tests=(core config telemetry page http relay kafka kafka-servers postgres)

part_asan() {
  local names
  configure_and_build asan "${asan_tests[@]/#/test-}"
  names=$(IFS='|' && echo "${asan_tests[*]}")
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 run_tests asan -R "^($names)\$" --parallel "$jobs"
}

part_tsan() {
  configure_and_build tsan test-relay
  TSAN_OPTIONS="suppressions=$root/tests/support/tsan.supp" run_tests tsan -R '^relay$'
}

# As long as OUTBOX_RELAY_FUZZ_SECONDS says; in CI just long enough to see that they work and that nothing is near.
part_fuzz() {
  configure_and_build fuzz fuzzers
  tests/fuzz/run build/fuzz "${OUTBOX_RELAY_FUZZ_SECONDS:-20}"
}

part_quickstart() { deploy/quickstart.sh --once; }
part_debian13() { tests/platforms/debian13; }
part_image() { tests/platforms/image; }
part_service() { tests/platforms/service; }
part_browser() { tests/observe/page build/dev/src/cli/outbox-relay; }

# --- The runner ---------------------------------------------------------------------------------------------------------

passed=0
failed=0
parts_failed=()

# Test cases as Catch2 counts them, "PASSED FAILED", summed over the programs that ctest ran; a program that ended
# without a count (a crash, a time-out) is one failure.
count_cases() {
  awk '
    / All tests passed \(/      { match($0, /in [0-9]+ test case/); passed += substr($0, RSTART + 3); next }
    / test cases: .*\|/         {
      cases = $0; sub(/.*test cases:/, "", cases)
      if (match(cases, /[0-9]+ passed/)) passed += substr(cases, RSTART)
      if (match(cases, /[0-9]+ failed/)) { failed += substr(cases, RSTART); counted++ }
    }
    /^ *[0-9]+\/[0-9]+ Test .*\*\*\*/ { programs_failed++ }
    END { if (programs_failed > counted) failed += programs_failed - counted; print passed + 0, failed + 0 }
  ' "$1"
}

# What failed in a log of ctest: Catch2 writes a heading before the first failure of a case and nothing of those that
# passed. Programs that run side by side are told apart by ctest's prefix. Sanitizers' reports are shown, too.
failed_cases() {
  awk '
    /\*\*\*/ && !/^[0-9]+: / { print; next }
    !match($0, /^[0-9]+: /) { next }
    { program = substr($0, 1, RLENGTH); text = substr($0, RLENGTH + 1) }
    text ~ /^----------/ { lines[program] = 60 }
    text ~ /: FAILED:|ERROR: .*Sanitizer|WARNING: ThreadSanitizer|runtime error: / { lines[program] = 40 }
    text ~ /^==========|OUTBOX_RELAY_SEED=|^[0-9.]+ s: / { lines[program] = 0 }
    lines[program]-- > 0
  ' "$1"
}

# The failed cases of a part; where it has none (a compiler's error, a program that died), the end of its log.
show_failure() {
  local log=$logs/$1.log shown
  shown=$(failed_cases "$log" | cut -c1-1000 | head -n 200)
  printf '\n--- what failed in %s\n' "${log#"$root/"}"
  if [[ $shown == *FAILED* || $shown == *Sanitizer* ]]; then
    printf '%s\n' "$shown"
  else
    tail -n 60 "$log"
  fi
}

# Runs one part, says what became of it, and adds to the counts.
run_part() {
  local part=$1 log=$logs/$1.log began=$SECONDS status=0 cases_passed cases_failed
  printf '%-10s %s\n' "$part" "$(describe "$part")"
  # In a process of its own, so that `set -e` holds inside and whatever it changes stays there.
  ("$root/tests/run.sh" --run-part "$part" "$all") >"$log" 2>&1 </dev/null 9>&- || status=$?
  read -r cases_passed cases_failed < <(count_cases "$log")
  if ((cases_passed + cases_failed == 0)); then
    if ((status == 0)); then cases_passed=1; else cases_failed=1; fi
  elif ((status != 0 && cases_failed == 0)); then
    cases_failed=1
  fi
  passed=$((passed + cases_passed))
  failed=$((failed + cases_failed))
  if ((status != 0)); then parts_failed+=("$part"); fi
  printf '%-10s %d passed, %d failed, %d s\n' '' "$cases_passed" "$cases_failed" $((SECONDS - began))
  return "$status"
}

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"
  exit "$1"
}

is_part() { [[ " ${ordinary_parts[*]} ${slow_parts[*]} " == *" $1 "* ]]; }

all=no
only=()
while (($# > 0)); do
  case $1 in
    --all) all=yes ;;
    --only)
      is_part "${2-}" || usage 2 >&2
      only+=("$2")
      shift
      ;;
    --list)
      for part in "${ordinary_parts[@]}" "${slow_parts[@]}"; do
        printf '%-10s %s\n' "$part" "$(describe "$part")"
      done
      exit
      ;;
    --run-part) # the runner's own
      all=${3:-no}
      "part_$2"
      exit
      ;;
    -h | --help) usage 0 ;;
    *) usage 2 >&2 ;;
  esac
  shift
done

parts=("${ordinary_parts[@]}")
if [[ $all == yes ]]; then parts+=("${slow_parts[@]}"); fi
if ((${#only[@]} > 0)); then parts=("${only[@]}"); fi

mkdir -p "$logs"
exec 9>"$logs/lock"
flock --nonblock 9 || { echo "another tests/run.sh is at work in this clone" >&2 && exit 1; }
for part in "${parts[@]}"; do
  if ! run_part "$part" && [[ $part == install || $part == build ]]; then
    echo "the other parts need \`$part\` and were not run"
    break
  fi
done
for part in "${parts_failed[@]}"; do show_failure "$part"; done
echo
echo "$passed passed, $failed failed"
((failed == 0))
