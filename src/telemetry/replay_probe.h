#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "relay/quiet_probe.h"
#include "telemetry/log.h"
#include "telemetry/outbox_telemetry.h"
#include "telemetry/repeats.h"
#include "telemetry/time.h"

namespace outbox_relay::telemetry {

/// What is seen of a replay's pipeline: the records it has published, and log lines about its begin, its end
/// and its trouble. State, health and all other metrics are those of the outbox's own pipeline.
///
/// Lives on the replay's thread.
class ReplayProbe final : public relay::QuietProbe {
 public:
  /// All that is handed in outlives this.
  ReplayProbe(OutboxTelemetry& telemetry, Log& log, std::string outbox, std::int64_t request, Time time = {});
  ~ReplayProbe() override;

  void acknowledged(std::size_t records, core::Bytes bytes, std::span<const double> publish_seconds,
                    std::span<const double> end_to_end_seconds) override;
  void parked(const core::RowId& row, const core::Failure& failure) override;
  void failed(relay::Activity activity, const core::Failure& failure) override;
  void recovered(relay::Activity activity) override;
  void topic_held(const std::string& topic, const core::Failure& failure) override;

 private:
  void say_failing(const core::Failure& failure);

  OutboxTelemetry* telemetry_;
  Log* log_;
  std::string outbox_;
  std::int64_t request_;
  Time time_;
  std::uint64_t records_ = 0;
  std::array<Repeats, 4> failures_;  // by activity
  Repeats refused_rows_;
  Repeats held_topics_;
};

}  // namespace outbox_relay::telemetry
