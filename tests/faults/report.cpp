#include "report.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "support/catch.h"

namespace outbox_relay::testing {

std::string to_json(const Report& report) {
  const Counts& counts = report.verdict.counts;
  boost::json::object object{{"scenario", report.scenario},
                             {"seed", report.seed},
                             {"verdict", report.findings.empty() ? "green" : "red"},
                             {"ledger", counts.ledger},
                             {"records", counts.records},
                             {"missing", counts.missing},
                             {"phantoms", counts.phantoms},
                             {"inversions", counts.inversions},
                             {"altered", counts.altered},
                             {"misplaced", counts.misplaced},
                             {"not_completed", counts.not_completed},
                             {"unsent", counts.unsent},
                             {"needlessly_parked", counts.needlessly_parked},
                             {"parked", counts.parked},
                             {"dead_letters", counts.dead_letters},
                             {"vanished", counts.vanished},
                             {"duplicates", counts.duplicates},
                             {"stale_replays", counts.stale_replays},
                             {"crashes", report.crashes},
                             {"redelivered", report.redelivered},
                             {"recovery_seconds", report.recovery_seconds}};
  object["takeover_seconds"] =
      boost::json::array(report.takeover_seconds.begin(), report.takeover_seconds.end());
  object["environment"] = boost::json::array(report.environment.begin(), report.environment.end());
  object["findings"] = boost::json::array(report.findings.begin(), report.findings.end());
  return boost::json::serialize(object);
}

void check_promises(const Report& report) {
  INFO(to_json(report));
  CHECK(report.findings == std::vector<std::string>{});
}

void check_nothing_comes_twice(const Report& report) {
  check_promises(report);
  CHECK(report.verdict.counts.duplicates == 0);
}

}  // namespace outbox_relay::testing
