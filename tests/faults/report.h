#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "verifier.h"

namespace outbox_relay::testing {

/// What came out of a run.
struct Report {
  std::string scenario;
  /// What was set for the relay: a mutant's failpoints, a wrong clock.
  std::vector<std::string> environment;
  std::uint64_t seed = 0;
  Verdict verdict;
  /// The verdict's, and what the rig itself saw; empty: every promise was kept.
  std::vector<std::string> findings;
  std::size_t crashes = 0;
  std::size_t redelivered = 0;
  double recovery_seconds = 0;
  /// For how long nothing was completed when another relay had to go on, by the database's clock.
  std::vector<double> takeover_seconds;
};

/// One object, one line.
[[nodiscard]] std::string to_json(const Report& report);

/// Fails the test case when a promise was broken.
void check_promises(const Report& report);
/// The same, for a scenario in which nothing excuses a duplicate.
void check_nothing_comes_twice(const Report& report);

}  // namespace outbox_relay::testing
