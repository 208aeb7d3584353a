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
  boost::json::array takeovers;
  for (const double seconds : report.takeover_seconds) takeovers.emplace_back(seconds);
  object["takeover_seconds"] = std::move(takeovers);
  boost::json::array findings;
  for (const std::string& finding : report.findings) findings.emplace_back(finding);
  object["findings"] = std::move(findings);
  return boost::json::serialize(object);
}

void check_promises(const Report& report) {
  INFO(to_json(report));
  CHECK(report.findings == std::vector<std::string>{});
}

}  // namespace outbox_relay::testing
