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

TEST_CASE("rows of every kind arrive as they are", "[rows]") {
  check_nothing_comes_twice(odd_rows());
}

}  // namespace outbox_relay::testing
