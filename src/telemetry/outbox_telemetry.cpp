#include "telemetry/outbox_telemetry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <cmath>
#include <optional>
#include <utility>

#include "telemetry/failure_lines.h"

namespace outbox_relay::telemetry {

namespace {

double to_seconds(std::chrono::duration<double> duration) {
  return duration.count();
}

constexpr std::string_view late_rows_hint =
    "let the INSERT draw ids from the column's own sequence, with CACHE 1 and NO CYCLE; rows found late may "
    "be out of order";

/// What the log says of a failure of it.
constexpr Message to_message(relay::Activity activity) {
  switch (activity) {
    case relay::Activity::fetch:
      return Message::fetching_failed;
    case relay::Activity::publish:
      return Message::publishing_failed;
    case relay::Activity::complete:
      return Message::completing_failed;
    case relay::Activity::expire:
      return Message::expiring_failed;
  }
  return Message::fetching_failed;
}

}  // namespace

OutboxTelemetry::OutboxTelemetry(prometheus::Registry& registry, OutboxHealth& health, Log& log,
                                 const Time& time, const OutboxOptions& options)
    : name_(options.name), series_(registry, options.name), health_(&health), log_(&log), time_(&time) {
  begun(options);
}

void OutboxTelemetry::begun(const OutboxOptions& options) {
  series_.in_flight_limit_rows.Set(static_cast<double>(options.limit_rows));
  series_.in_flight_limit_bytes.Set(static_cast<double>(options.limit_bytes.count));
  series_.held_topics.Set(0);
  leading(false);
  troubles_.begun();
  health_->begun(options.health, time_->now());
  said_ = {};
}

void OutboxTelemetry::state_changed(relay::State state) {
  const auto previous = state_.exchange(state);
  if (state == previous) return;
  health_->state_changed(state);
  say_state(state, previous);
}

/// One line a change that matters to people. Between relaying and idle there are many changes and no news;
/// that a pipeline backs off or waits is said by the failure's own line, with its reason.
void OutboxTelemetry::say_state(relay::State state, relay::State previous) {
  const auto now = to_label(state), before = to_label(previous);
  switch (state) {
    case relay::State::standby:
      said_.is_relaying = false;
      log_->say<Message::standby>(name_, now, before);
      return;
    case relay::State::halted:
      log_->say<Message::halted>(name_, now, before);
      return;
    case relay::State::draining:
      log_->say<Message::draining>(name_, now, before);
      return;
    case relay::State::relaying:
    case relay::State::idle:
      if (!said_.is_relaying) {
        said_.is_relaying = true;
        log_->say<Message::relaying>(name_);
        return;
      }
      break;
    case relay::State::starting:
    case relay::State::backing_off:
    case relay::State::waiting_for_operator:
      break;
  }
  log_->say<Message::state_changed>(name_, now, before);
}

void OutboxTelemetry::fetched(core::PollCause cause, std::size_t rows, std::size_t late_rows) {
  series_.polls[cause].Increment();
  series_.rows_fetched.Increment(static_cast<double>(rows));
  series_.page_rows.observe(static_cast<double>(rows));
  series_.last_poll_timestamp.Set(to_timestamp(time_->wall()));
  health_->polled();
  if (late_rows == 0) return;
  series_.late_rows.Increment(static_cast<double>(late_rows));
  if (const auto said = said_.late_rows.failed(time_->now(), {})) {
    log_->say<Message::late_rows>(name_, late_rows, said->times, late_rows_hint);
  } else {
    log_->count_suppressed();
  }
}

void OutboxTelemetry::acknowledged(std::size_t records, core::Bytes bytes,
                                   std::span<const double> publish_seconds,
                                   std::span<const double> end_to_end_seconds) {
  series_.records_published.Increment(static_cast<double>(records));
  series_.published_bytes.Increment(static_cast<double>(bytes.count));
  series_.publish_duration.observe(publish_seconds);
  series_.end_to_end_duration.observe(end_to_end_seconds);
  series_.last_ack_timestamp.Set(to_timestamp(time_->wall()));
}

void OutboxTelemetry::completed(std::size_t rows) {
  series_.rows_completed.Increment(static_cast<double>(rows));
  series_.last_completion_timestamp.Set(to_timestamp(time_->wall()));
  health_->completed(time_->now());
}

void OutboxTelemetry::parked(const core::RowId& row, const core::Failure& failure) {
  series_.rows_parked[failure.reason].Increment();
  health_->completed(time_->now());
  troubles_.happened(Message::row_parked, "row " + row.to_string(), failure, time_->wall());
  if (const auto times = news_of(said_.refused_rows)) {
    log_->say<Message::row_parked>(name_, row.to_string(), to_label(failure.reason), failure.message,
                                   failure.hint, *times);
  }
}

void OutboxTelemetry::dead_lettered(const core::RowId& row, const core::Failure& failure) {
  series_.rows_dead_lettered[failure.reason].Increment();
  troubles_.happened(Message::row_dead_lettered, "row " + row.to_string(), failure, time_->wall());
  if (const auto times = news_of(said_.refused_rows)) {
    log_->say<Message::row_dead_lettered>(name_, row.to_string(), to_label(failure.reason), failure.message,
                                          failure.hint, *times);
  }
}

std::optional<std::uint64_t> OutboxTelemetry::news_of(Repeats& repeats) {
  const auto times = repeats.news(time_->now());
  if (!times) log_->count_suppressed();
  return times;
}

void OutboxTelemetry::held(std::size_t rows) {
  health_->completed(time_->now());
  log_->say<Message::rows_held>(name_, rows);
}

void OutboxTelemetry::requeued(std::size_t rows) {
  series_.rows_requeued.Increment(static_cast<double>(rows));
  said_.requeued_rows_unsaid += rows;
  if (!news_of(said_.requeues)) return;
  log_->say<Message::rows_requeued>(name_, std::exchange(said_.requeued_rows_unsaid, 0));
}

void OutboxTelemetry::leading(bool leads) {
  leads_ = leads;
  series_.leader.Set(leads ? 1 : 0);
}

/// With a beat, not with the change: whoever takes the lead and fails to open the table gives it up at once,
/// again and again, and that is told by the failure's line.
void OutboxTelemetry::say_leading() {
  if (leads_ == said_.is_leading) return;
  said_.is_leading = leads_;
  if (leads_) {
    log_->say<Message::leads>(name_);
  } else {
    log_->say<Message::leads_no_more>(name_);
  }
}

void OutboxTelemetry::queried(relay::Query query, std::chrono::steady_clock::duration duration) {
  series_.query_durations[query].observe(to_seconds(duration));
}

void OutboxTelemetry::redelivering(std::size_t records) {
  series_.records_redelivered.Increment(static_cast<double>(records));
  log_->say<Message::redelivering>(name_, records);
}

void OutboxTelemetry::failed(relay::Activity activity, const core::Failure& failure) {
  switch (activity) {
    case relay::Activity::fetch:
      series_.fetch_failures[failure.reason].Increment();
      health_->poll_failed(time_->now());
      break;
    case relay::Activity::publish:
      series_.publish_failures[failure.reason].Increment();
      break;
    case relay::Activity::complete:
      series_.complete_failures[failure.reason].Increment();
      break;
    case relay::Activity::expire:
      series_.expire_failures[failure.reason].Increment();
      break;
  }
  troubles_.happened(to_message(activity), {}, failure, time_->wall());
  auto& repeats = said_.failures[static_cast<std::size_t>(activity)];
  const auto said = repeats.failed(time_->now(), failure.message);
  if (!said) {
    log_->count_suppressed();
    return;
  }
  say_failed(activity, *log_, name_, failure, *said);
}

void OutboxTelemetry::recovered(relay::Activity activity) {
  troubles_.lasts(to_message(activity), false);
  const auto said = said_.failures[static_cast<std::size_t>(activity)].recovered(time_->now());
  if (!said) return;
  say_recovered(activity, *log_, name_, *said);
}

void OutboxTelemetry::connection_opened(relay::Purpose purpose) {
  series_.connections_opened[purpose].Increment();
  log_->say<Message::connection_opened>(name_, to_label(purpose));
}

void OutboxTelemetry::producer_created() {
  series_.producers_created.Increment();
  log_->say<Message::producer_created>(name_);
}

void OutboxTelemetry::in_flight(std::size_t rows, core::Bytes bytes) {
  series_.in_flight_rows.Set(static_cast<double>(rows));
  series_.in_flight_bytes.Set(static_cast<double>(bytes.count));
  health_->in_flight(rows, time_->now());
}

void OutboxTelemetry::topic_held(const std::string& topic, const core::Failure& failure) {
  troubles_.happened(Message::topic_held, "topic " + topic, failure, time_->wall());
  if (!news_of(said_.held_topics)) return;
  said_.held_topics_told.insert(topic);
  log_->say<Message::topic_held>(name_, topic, to_label(failure.reason), failure.message, failure.hint);
}

void OutboxTelemetry::topic_released(const std::string& topic) {
  if (said_.held_topics_told.erase(topic) == 0) return;
  log_->say<Message::topic_released>(name_, topic);
}

void OutboxTelemetry::held_topics(std::size_t topics) {
  series_.held_topics.Set(static_cast<double>(topics));
  troubles_.lasts(Message::topic_held, topics > 0);
}

void OutboxTelemetry::beat() {
  health_->beat(time_->now());
  acknowledged_.sample(time_->now(), series_.records_published.Value());
  say_leading();
}

void OutboxTelemetry::ended() {
  health_->ended();
}

void OutboxTelemetry::sampled(const Sample& sample) {
  series_.backlog_rows.Set(sample.backlog_rows);
  series_.backlog_oldest_timestamp.Set(sample.backlog_rows == 0 ? 0
                                                                : sample.backlog_oldest_timestamp_seconds);
  backlog_is_estimate_ = sample.is_estimate;
  series_.parked_rows.Set(sample.parked_rows);
  if (!std::isnan(sample.parked_rows)) troubles_.lasts(Message::row_parked, sample.parked_rows > 0);
  series_.held_rows.Set(sample.held_rows);
  series_.table_dead_rows.Set(sample.table_dead_rows);
  series_.oldest_snapshot_age.Set(sample.oldest_snapshot_age_seconds);
  health_->sampled(sample.backlog_rows, time_->now());
}

void OutboxTelemetry::expired(std::size_t rows) {
  series_.rows_expired.Increment(static_cast<double>(rows));
}

void OutboxTelemetry::replayed(std::size_t records) {
  series_.records_replayed.Increment(static_cast<double>(records));
}

OutboxOverview OutboxTelemetry::overview() const {
  const auto facts = health_->facts();
  const auto now = time_->now();
  return {
      .name = name_,
      .state = facts.state,
      .has_ended = facts.has_ended,
      .leads = series_.leader.Value() == 1,
      .readiness = judge_readiness(facts, health_->limits(), now),
      .backlog_rows = series_.backlog_rows.Value(),
      .backlog_is_estimate = backlog_is_estimate_,
      .oldest_pending_age_seconds = to_timestamp(time_->wall()) - series_.backlog_oldest_timestamp.Value(),
      .acknowledged_per_second = acknowledged_.per_second(now, series_.records_published.Value()),
      .in_flight_rows = series_.in_flight_rows.Value(),
      .in_flight_limit_rows = series_.in_flight_limit_rows.Value(),
      .parked_rows = series_.parked_rows.Value(),
      .held_rows = series_.held_rows.Value(),
      .troubles = troubles_.worth_showing()};
}

void OutboxTelemetry::refresh() {
  const auto current = state_.load();
  for (const auto state : all_states) series_.state[state].Set(state == current ? 1 : 0);
}

}  // namespace outbox_relay::telemetry
