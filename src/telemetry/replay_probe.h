#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "relay/ports.h"
#include "telemetry/log.h"
#include "telemetry/outbox_telemetry.h"
#include "telemetry/repeats.h"
#include "telemetry/time.h"

namespace outbox_relay::telemetry {

/// What is seen of a replay's pipeline: the records it has published, and log lines about its begin, its end
/// and its trouble. State, health and all other metrics are those of the outbox's own pipeline.
///
/// Lives on the replay's thread.
class ReplayProbe final : public relay::Probe {
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

  void state_changed(relay::State) override {}
  void fetched(core::PollCause, std::size_t, std::size_t) override {}
  void completed(std::size_t) override {}
  void dead_lettered(const core::RowId&, const core::Failure&) override {}
  void held(std::size_t) override {}
  void requeued(std::size_t) override {}
  void leading(bool) override {}
  void queried(relay::Query, std::chrono::steady_clock::duration) override {}
  void redelivering(std::size_t) override {}
  void in_flight(std::size_t, core::Bytes) override {}
  void connection_opened(relay::Purpose) override {}
  void producer_created() override {}
  void topic_released(const std::string&) override {}
  void held_topics(std::size_t) override {}

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
