#include "telemetry/replay_probe.h"

#include <utility>

namespace outbox_relay::telemetry {

ReplayProbe::ReplayProbe(OutboxTelemetry& telemetry, Log& log, std::string outbox, std::int64_t request,
                         Time time)
    : telemetry_(&telemetry),
      log_(&log),
      outbox_(std::move(outbox)),
      request_(request),
      time_(std::move(time)) {
  log_->say<Message::replay_begun>(outbox_, request_);
}

ReplayProbe::~ReplayProbe() {
  log_->say<Message::replay_left>(outbox_, request_, records_);
}

void ReplayProbe::acknowledged(std::size_t records, core::Bytes, std::span<const double>,
                               std::span<const double>) {
  records_ += records;
  telemetry_->replayed(records);
}

void ReplayProbe::parked(const core::RowId&, const core::Failure& failure) {
  if (refused_rows_.news(time_.now())) {
    log_->say<Message::replay_refused>(outbox_, request_, to_label(failure.reason), failure.message,
                                       failure.hint);
  } else {
    log_->count_suppressed();
  }
}

void ReplayProbe::failed(relay::Activity activity, const core::Failure& failure) {
  if (failures_[static_cast<std::size_t>(activity)].failed(time_.now(), failure.message)) {
    say_failing(failure);
  } else {
    log_->count_suppressed();
  }
}

void ReplayProbe::recovered(relay::Activity activity) {
  if (failures_[static_cast<std::size_t>(activity)].recovered(time_.now()))
    log_->say<Message::replay_recovered>(outbox_, request_);
}

void ReplayProbe::topic_held(const std::string&, const core::Failure& failure) {
  if (held_topics_.news(time_.now())) {
    say_failing(failure);
  } else {
    log_->count_suppressed();
  }
}

void ReplayProbe::say_failing(const core::Failure& failure) {
  log_->say<Message::replay_failing>(outbox_, request_, to_label(failure.reason), failure.message,
                                     failure.hint);
}

}  // namespace outbox_relay::telemetry
