#include "relay/pipeline.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "core/failpoint.h"

namespace outbox_relay::relay {

using boost::asio::experimental::awaitable_operators::operator&&;

namespace {

constexpr std::chrono::milliseconds producer_patience{3000};
/// A producer that lives for so long with nothing to do is taken to be well.
constexpr std::chrono::seconds calm_time{10};
/// While rows are published, which takes some microseconds each.
constexpr std::size_t rows_a_look_at_the_clock = 32;

/// Acknowledgements trickle in. A commit for each handful of them would make more transactions than those
/// that write the rows, so after a completion of few rows the next one waits a little, unless rows wait for
/// room.
constexpr std::size_t few_rows = 500;
constexpr std::chrono::milliseconds thin_pause{5};

}  // namespace

Pipeline::Pipeline(core::PlanSettings settings, const core::Routing& routing, Source& source, Sink& sink,
                   Clock& clock, Probe& probe)
    : source_(source),
      sink_(sink),
      clock_(clock),
      probe_(probe),
      plan_(
          settings, routing,
          [&sink](const core::Value& key, std::int32_t partitions) {
            return sink.partition_of(key, partitions);
          },
          [&clock] { return clock.random(); }),
      fetch_alarm_(clock.make_alarm()),
      complete_alarm_(clock.make_alarm()),
      sink_alarm_(clock.make_alarm()),
      publish_alarm_(clock.make_alarm()),
      open_backoff_(make_backoff()),
      fetch_backoff_(make_backoff()),
      complete_backoff_(make_backoff()),
      park_backoff_(make_backoff()),
      producer_backoff_(make_backoff()) {}

core::Backoff Pipeline::make_backoff() {
  return core::Backoff{[this] { return clock_.random(); }};
}

awaitable<bool> Pipeline::run() {
  probe_.producer_created();
  show();
  co_await (relay_rows() && settle_reports() && publish_when_due());
  co_return plan_.is_drained();
}

void Pipeline::stop() {
  is_stopping_ = true;
  plan_.drain();
  ring_all();
  leave_unopened_source();
  show();
}

void Pipeline::abandon() {
  is_abandoned_ = true;
  close_source();
  ring_all();
}

// A drained pipeline does not wait for a connection that is still being made: a name server that is away
// would use up the time to drain.
void Pipeline::leave_unopened_source() {
  if (is_over() && !is_open_) close_source();
}

void Pipeline::ring_all() {
  fetch_alarm_->ring();
  complete_alarm_->ring();
  sink_alarm_->ring();
  publish_alarm_->ring();
  sink_.interrupt();
}

// fetch → publish.

awaitable<void> Pipeline::relay_rows() {
  while (!is_over()) {
    const bool leads = co_await take_lead();
    if (!leads) continue;
    const bool opened = co_await open_source();
    if (!opened) continue;
    co_await (fetch_pages() && complete_rows());
    if (has_session()) co_await resign();
    is_open_ = false;
    close_source();
    plan_.source_lost();
    show();
    if (session_failure_) co_await pause_after_losing_session(*session_failure_);
  }
  ring_all();
}

awaitable<void> Pipeline::fetch_pages() {
  while (has_session() && !is_over()) {
    core::Plan::Reading reading = plan_.next_read(clock_.now());
    if (const auto* wait = std::get_if<core::Plan::Wait>(&reading)) {
      show();
      co_await rest(wait->until.value_or(Clock::TimePoint::max()));
      continue;
    }
    std::optional<core::Failure> failure;
    try {
      co_await read(std::move(reading));
    } catch (const core::FailureError& error) {
      failure = error.failure();
    }
    if (!failure) {
      fetch_backoff_.reset();
      succeed(Activity::fetch);
      continue;
    }
    plan_.read_failed();
    fail_session(Activity::fetch, *failure);
    if (has_session()) co_await pause_in_session(*fetch_alarm_, fetch_backoff_.next());
  }
  complete_alarm_->ring();
}

awaitable<void> Pipeline::rest(Clock::TimePoint until) {
  if (!source_.is_listening()) {
    co_await fetch_alarm_->wait_until(until);
    co_return;
  }
  is_resting_ = true;
  co_await (listen() && sleep(until));
}

awaitable<void> Pipeline::sleep(Clock::TimePoint until) {
  co_await fetch_alarm_->wait_until(until);
  is_resting_ = false;
  source_.interrupt();
}

// Goes on when the next poll is near already, or there is no room for rows: a server that cannot get rid of
// its notifications refuses, in the end, the commits that send some.
awaitable<void> Pipeline::listen() {
  try {
    while (is_resting_) {
      const bool is_notified = co_await source_.next_notification();
      if (is_notified && plan_.notified(clock_.now())) fetch_alarm_->ring();
    }
  } catch (const core::FailureError& error) {
    fail_session(Activity::fetch, error.failure());
  }
}

awaitable<void> Pipeline::read(core::Plan::Reading reading) {
  if (const auto* survey_for = std::get_if<core::Plan::SurveyFor>(&reading)) {
    const core::Survey survey = co_await timed(Query::survey, source_.survey(survey_for->request));
    plan_.surveyed(*survey_for, survey);
  } else if (const auto* request = std::get_if<core::FetchRequest>(&reading)) {
    core::Fetched fetched = co_await timed(Query::fetch, source_.fetch(*request));
    database_clock_ = {fetched.read_at, clock_.now()};
    const auto arrived = plan_.fetched(*request, std::move(fetched), clock_.now());
    probe_.fetched(arrived.cause, arrived.rows, arrived.late_rows);
    core::failpoint("fetched");
  } else if (const auto* ask = std::get_if<core::Plan::AskParked>(&reading)) {
    const auto released = co_await timed(Query::find_released, source_.find_released(ask->rows));
    const std::size_t requeued = plan_.released(released, clock_.now());
    if (requeued > 0) probe_.requeued(requeued);
  } else {
    const bool flush_first = std::get<core::Plan::ReadFlushPosition>(reading).flush_first;
    const auto position = co_await timed(Query::flush_position, source_.read_flush_position(flush_first));
    plan_.flushed(position, clock_.now());
  }
  may_have_rows_ = true;
  publish_alarm_->ring();
}

// An ack would show it, but there is nothing to be acknowledged: what ended the producer before may be
// mended.
void Pipeline::forget_old_producer() {
  const bool is_failing = failing_[static_cast<std::size_t>(Activity::publish)].has_value();
  if (!is_failing || sink_trouble_ || plan_.needs_new_producer() || !plan_.window().empty()) return;
  if (clock_.now() - producer_replaced_at_ >= calm_time) succeed(Activity::publish);
}

void Pipeline::publish_rows() {
  forget_old_producer();
  for (const core::TopicId topic : plan_.take_lookups(clock_.now()))
    sink_.look_up(topic, plan_.topic_name(topic));
  auto now = clock_.now();
  for (std::size_t published = 0; may_publish(now); ++published) {
    if (published % rows_a_look_at_the_clock == 0) now = clock_.now();
    core::InFlight* const row = plan_.next_publication(now);
    if (row == nullptr) break;
    const Publication publication = sink_.publish(*row);
    if (publication.accepted == Accepted::full && !plan_.not_taken(*row, now)) break;
    if (publication.accepted == Accepted::yes) {
      plan_.published(*row, now);
      core::failpoint("published");
    }
    if (publication.accepted == Accepted::refused) {
      note_undelivered(publication.failure);
      plan_.refused(*row, publication.failure, now);
    }
  }
  if (plan_.next_appointment(now)) publish_alarm_->ring();
  if (plan_.has_parkings()) complete_alarm_->ring();
  show();
}

// publish → settle.

awaitable<void> Pipeline::settle_reports() {
  SinkEvents events;
  while (!is_over()) {
    co_await sink_.next_events(events);
    settle(events);
    if (plan_.needs_new_producer() && !is_over()) co_await replace_producer();
    publish_rows();
    complete_alarm_->ring();
    fetch_alarm_->ring();  // a drained pipeline, or a topic to read again
  }
  ring_all();
  leave_unopened_source();
}

void Pipeline::settle(const SinkEvents& events) {
  if (events.trouble) {
    sink_trouble_ = events.trouble->remedy;
    fail(Activity::publish, *events.trouble);
  }
  if (events.recovered) {
    sink_trouble_.reset();
    succeed(Activity::publish);
  }
  settle(events.deliveries);
  for (const TopicReport& report : events.topics) settle(report);
  if (events.broken) {
    plan_.producer_broken();
    fail(Activity::publish, *events.broken);
  }
}

/// What Kafka says of a suspect is an answer, and no trouble of the producer's: the row is parked, and told
/// then.
bool Pipeline::is_verdict(const DeliveryReport& report) const {
  return report.row->is_suspect && report.failure->remedy == core::Remedy::park && !plan_.halts_on_refusal();
}

void Pipeline::settle(const std::vector<DeliveryReport>& reports) {
  static const std::optional<core::Failure> acknowledged;
  const auto now = clock_.now();
  core::Bytes bytes;
  const core::Failure* failure = nullptr;
  bool is_answered = false;
  publish_seconds_.clear();
  end_to_end_seconds_.clear();
  if (core::is_mutated("complete_before_ack")) return;  // `Plan::published` has settled them already
  for (const DeliveryReport& report : reports) {
    const bool has_failed = report.failure && !core::is_mutated("drop_error_reports");
    if (has_failed && is_verdict(report)) {
      is_answered = true;
    } else if (has_failed) {
      if (failure == nullptr || failure->reason != report.failure->reason) note_undelivered(*report.failure);
      failure = &*report.failure;
    } else {
      is_answered = true;
      if (report.row->dead_letter)
        probe_.dead_lettered(report.row->row->id, report.row->dead_letter->failure);
      const core::Row& row = *report.row->row;
      bytes += {row.key.value_or("").size() + row.payload.value_or("").size()};
      publish_seconds_.push_back(std::chrono::duration<double>(now - report.row->published_at).count());
      if (row.created_at && database_clock_) {
        const auto age = database_clock_->database - *row.created_at + (now - database_clock_->ours);
        end_to_end_seconds_.push_back(std::max(0.0, std::chrono::duration<double>(age).count()));
      }
    }
    core::failpoint("acknowledged");
    const core::TopicId topic = report.row->topic;
    plan_.delivered(*report.row, has_failed ? report.failure : acknowledged, now);
    if (has_failed || shown_topics_.contains(topic)) show_topic(topic);
  }
  if (!is_answered) return;
  if (!publish_seconds_.empty())
    probe_.acknowledged(publish_seconds_.size(), bytes, publish_seconds_, end_to_end_seconds_);
  producer_backoff_.reset();
  if (failure == nullptr) {
    sink_trouble_.reset();
    succeed(Activity::publish);
  }
}

void Pipeline::settle(const TopicReport& report) {
  const bool was_broken = plan_.needs_new_producer();
  if (report.failure) {
    plan_.topic_closed(report.topic, *report.failure, clock_.now());
  } else {
    plan_.topic_opened(report.topic, report.partitions, report.largest_record, clock_.now());
  }
  if (!was_broken && plan_.needs_new_producer()) {
    fail(Activity::publish, core::silence(plan_.topic_name(report.topic)));
  }
  show_topic(report.topic);
}

awaitable<void> Pipeline::replace_producer() {
  bool is_replaced = false;
  while (!is_replaced && !is_abandoned_) {
    co_await pause(*sink_alarm_, producer_backoff_.next());
    std::optional<core::Failure> failure;
    try {
      core::failpoint("rebuilding");
      settle(co_await sink_.rebuild(producer_patience));
      is_replaced = true;
    } catch (const core::FailureError& error) {
      failure = error.failure();
    }
    if (failure) fail(Activity::publish, *failure);
  }
  if (is_abandoned_) co_return;
  producer_replaced_at_ = clock_.now();
  const std::size_t redelivered = plan_.producer_replaced(producer_replaced_at_);
  probe_.producer_created();
  if (redelivered > 0) probe_.redelivering(redelivered);
}

// A coroutine of its own, because it has its turn when `fetch_pages` has asked for the next page: the server
// works on that one while this one is published.
awaitable<void> Pipeline::publish_when_due() {
  while (!is_over()) {
    const auto next = plan_.next_appointment(clock_.now()).value_or(Clock::TimePoint::max());
    co_await publish_alarm_->wait_until(next);
    const bool has_come = next <= clock_.now();
    if (std::exchange(may_have_rows_, false) || has_come) publish_rows();
    if (has_come) fetch_alarm_->ring();  // rows of a topic that was given up are read again
  }
}

// settle → complete.

// What keeps the lead and the watermark comes first: a long backlog, or a table that stays locked, must not
// put it off.
awaitable<void> Pipeline::complete_rows() {
  while (has_session() && !is_over()) {
    if (clock_.now() >= save_watermark_at_) co_await save_watermark();
    if (has_session() && clock_.now() >= heartbeat_at()) co_await keep_lead();
    if (!has_session() || is_over()) break;
    const bool has_completed = co_await complete_next();
    if (has_completed) continue;
    auto until = std::min(save_watermark_at_, heartbeat_at());
    for (const auto not_before : {complete_at_, park_at_}) {
      if (not_before > clock_.now()) until = std::min(until, not_before);
    }
    co_await complete_alarm_->wait_until(until);
  }
  if (has_session()) co_await save_watermark();
  fetch_alarm_->ring();
}

// Whether there was anything to be settled in the table. Each kind waits for its own failures alone: one row
// that cannot be parked would otherwise keep all others from being completed.
awaitable<bool> Pipeline::complete_next() {
  std::span<const core::Parking> refused;
  if (clock_.now() >= park_at_) refused = plan_.next_parking();
  if (!refused.empty()) {
    co_await park(refused);
    co_return true;
  }
  std::span<core::InFlight* const> acknowledged;
  if (clock_.now() >= complete_at_) acknowledged = plan_.next_completion(clock_.now());
  if (!acknowledged.empty()) {
    co_await complete(acknowledged);
    co_return true;
  }
  co_return false;
}

awaitable<void> Pipeline::complete(std::span<core::InFlight* const> rows) {
  const bool is_thin = rows.size() < few_rows && plan_.has_room();
  try {
    core::failpoint("completing");
    const Completed completed = co_await timed(Query::complete, source_.complete(rows));
    core::failpoint("completed");
    plan_.completed(completed.locked, clock_.now());
    probe_.completed(completed.rows);
    completing_succeeded();
    if (is_thin) complete_at_ = clock_.now() + thin_pause;
  } catch (const core::FailureError& error) {
    plan_.completion_failed();
    completing_failed(error.failure());
  }
}

awaitable<void> Pipeline::park(std::span<const core::Parking> rows) {
  try {
    core::failpoint("parking");
    const auto parked = co_await timed(Query::park, source_.park(rows));
    core::failpoint("parked");
    tell_parked(rows, parked);
    plan_.parked(parked, clock_.now());
    park_backoff_.reset();
    parking_trouble_.reset();
    completing_succeeded();
  } catch (const core::FailureError& error) {
    plan_.parking_failed();
    parking_failed(error.failure());
  }
}

void Pipeline::completing_succeeded() {
  complete_backoff_.reset();
  session_lost_at_.reset();
  if (parking_trouble_) {
    failing_[static_cast<std::size_t>(Activity::complete)] = parking_trouble_;
  } else {
    succeed(Activity::complete);
  }
  fetch_alarm_->ring();  // there is room again
  show();
}

void Pipeline::completing_failed(const core::Failure& failure) {
  fail_session(Activity::complete, failure);
  if (has_session()) complete_at_ = clock_.now() + complete_backoff_.next();
}

awaitable<void> Pipeline::save_watermark() {
  save_watermark_at_ = clock_.now() + watermark_interval;
  const auto watermark = plan_.watermark();
  if (!watermark || watermark == saved_watermark_) co_return;
  try {
    co_await timed(Query::save_watermark, source_.save_watermark(*watermark));
    saved_watermark_ = watermark;
    core::failpoint("watermark_saved");
  } catch (const core::FailureError& error) {
    fail_session(Activity::complete, error.failure());
  }
}

}  // namespace outbox_relay::relay
