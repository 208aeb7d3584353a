#pragma once

#include <string>
#include <vector>

#include "relay/ports.h"
#include "telemetry/families.h"
#include "telemetry/health.h"
#include "telemetry/time.h"
#include "telemetry/troubles.h"

// What a person is shown of the relay at a moment. It is what metrics, health and log know already; nobody is
// asked for it. NaN: not known.
namespace outbox_relay::telemetry {

struct OutboxOverview {
  std::string name{};
  relay::State state = relay::State::starting;
  bool has_ended = false;
  bool leads = false;
  Verdict readiness{};
  double backlog_rows = 0;
  bool backlog_is_estimate = false;
  double oldest_pending_age_seconds = 0;  ///< means nothing without a backlog
  double acknowledged_per_second = 0;
  double in_flight_rows = 0;
  double in_flight_limit_rows = 0;
  double parked_rows = 0;
  double held_rows = 0;
  std::vector<Trouble> troubles{};  ///< see `Troubles::worth_showing`
};

struct Overview {
  BuildInfo build;
  WallTime now;
  double start_timestamp_seconds = 0;
  std::vector<OutboxOverview> outboxes;  ///< by name
};

}  // namespace outbox_relay::telemetry
