#include "telemetry/replay_probe.h"

#include <utility>

#include "telemetry/messages.h"

namespace outbox_relay::telemetry {

ReplayProbe::ReplayProbe(OutboxTelemetry& telemetry, Log& log, std::string outbox, std::int64_t request,
                         Time time)
    : telemetry_(&telemetry),
      log_(&log),
      outbox_(std::move(outbox)),
      request_(request),
      time_(std::move(time)) {
  log_->info(messages::replay_begun, {{"outbox", outbox_}, {"replay", request_}});
}

ReplayProbe::~ReplayProbe() {
  log_->info(messages::replay_left, {{"outbox", outbox_}, {"replay", request_}, {"records", records_}});
}

void ReplayProbe::acknowledged(std::size_t records, core::Bytes, std::span<const double>,
                               std::span<const double>) {
  records_ += records;
  telemetry_->replayed(records);
}

void ReplayProbe::parked(const core::RowId&, const core::Failure& failure) {
  if (refused_rows_.news(time_.now())) {
    say(messages::replay_refused, failure);
  } else {
    log_->count_suppressed();
  }
}

void ReplayProbe::failed(relay::Activity activity, const core::Failure& failure) {
  if (failures_[static_cast<std::size_t>(activity)].failed(time_.now(), failure.message)) {
    say(messages::replay_failing, failure);
  } else {
    log_->count_suppressed();
  }
}

void ReplayProbe::recovered(relay::Activity activity) {
  if (failures_[static_cast<std::size_t>(activity)].recovered(time_.now()))
    log_->info(messages::replay_recovered, {{"outbox", outbox_}, {"replay", request_}});
}

void ReplayProbe::topic_held(const std::string&, const core::Failure& failure) {
  if (held_topics_.news(time_.now())) {
    say(messages::replay_failing, failure);
  } else {
    log_->count_suppressed();
  }
}

void ReplayProbe::say(std::string_view message, const core::Failure& failure) {
  log_->warn(message, {{"outbox", outbox_},
                       {"replay", request_},
                       {"reason", to_label(failure.reason)},
                       {"error", failure.message},
                       {"hint", failure.hint}});
}

}  // namespace outbox_relay::telemetry
