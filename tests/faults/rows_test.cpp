// Rows of every kind that a column can hold.
#include "scenarios.h"
#include "support/catch.h"

namespace outbox_relay::testing {

/// NULL and empty keys and payloads, any bytes, up to 10 MB; headers without value, without name, twice, a
/// hundred.
Report odd_rows(const Conditions& conditions) {
  Rig rig{{.scenario = "odd-rows",
           .conditions = conditions,
           .workload = {.longest_pause = milliseconds{20},
                        .without_key = 0.2,
                        .tombstones = 0.2,
                        .empty_payloads = 0.2,
                        .large_payloads = 0.01,
                        .large_payload_bytes = 10'000'000,
                        .has_odd_headers = true},
           .topic_config = {{"max.message.bytes", "20000000"}}}};
  rig.begin();
  rig.let_run(fault_time());
  return rig.conclude();
}

/// All that the relay may have is its window (32 MiB) twice, what one more row of 10 MB takes on its way, and
/// its code's own; the stacks of its threads count, too. It would end in the middle of a row that takes more.
Report large_rows_in_little_memory(const Conditions& conditions) {
  Rig rig{{.scenario = "large-rows-in-little-memory",
           .conditions = conditions,
           .workload = {.longest_pause = milliseconds{20},
                        .large_payloads = 0.03,
                        .large_payload_bytes = 10'000'000},
           .wrapper = {"sh", "-c", R"(ulimit -s 1024 && ulimit -d 163840 && exec "$@")", "sh"},
           .topic_config = {{"max.message.bytes", "20000000"}}}};
  rig.begin();
  rig.let_run(fault_time());
  return rig.conclude();
}

TEST_CASE("rows of every kind arrive as they are", "[rows]") {
  check_nothing_comes_twice(odd_rows());
}

TEST_CASE("rows of 10 MB pass through a process that may have 160 MB", "[rows]") {
  check_nothing_comes_twice(large_rows_in_little_memory());
}

}  // namespace outbox_relay::testing
