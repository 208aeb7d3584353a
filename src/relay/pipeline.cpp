#include "relay/pipeline.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

namespace outbox_relay::relay {

using boost::asio::experimental::awaitable_operators::operator&&;

namespace {

constexpr std::chrono::seconds watermark_interval{1};
constexpr std::chrono::seconds operator_delay{5};  // between attempts that only a person can make succeed
constexpr std::chrono::milliseconds producer_patience{3000};

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
      lookup_alarm_(clock.make_alarm()),
      open_backoff_(make_backoff()),
      fetch_backoff_(make_backoff()),
      complete_backoff_(make_backoff()),
      producer_backoff_(make_backoff()) {}

core::Backoff Pipeline::make_backoff() {
  return core::Backoff{[this] { return clock_.random(); }};
}

awaitable<bool> Pipeline::run() {
  probe_.producer_created();
  show();
  co_await (relay_rows() && settle_reports() && look_up_topics());
  co_return plan_.is_drained();
}

void Pipeline::stop() {
  is_stopping_ = true;
  plan_.drain();
  ring_all();
  show();
}

void Pipeline::abandon() {
  is_abandoned_ = true;
  source_.close();
  ring_all();
}

void Pipeline::ring_all() {
  fetch_alarm_->ring();
  complete_alarm_->ring();
  sink_alarm_->ring();
  lookup_alarm_->ring();
  sink_.interrupt();
}

// fetch → publish.

awaitable<void> Pipeline::relay_rows() {
  while (!is_over()) {
    const bool opened = co_await open_source();
    if (!opened) continue;
    co_await (fetch_pages() && complete_rows());
    is_open_ = false;
    source_.close();
    plan_.source_lost();
    show();
  }
  ring_all();
}

awaitable<bool> Pipeline::open_source() {
  std::optional<core::Failure> failure;
  try {
    const core::SourceFacts facts = co_await source_.open();
    plan_.source_opened(facts, clock_.now());
    was_open_ = is_open_ = true;
    session_failed_ = false;
    saved_watermark_ = facts.watermark;
    save_watermark_at_ = clock_.now() + watermark_interval;
    show();
    co_return true;
  } catch (const core::FailureError& error) {
    failure = error.failure();
  }
  if (is_over()) co_return false;
  fail(Activity::fetch, *failure);
  const auto delay = failure->remedy == core::Remedy::operate ? operator_delay : open_backoff_.next();
  co_await pause(*fetch_alarm_, delay);
  co_return false;
}

awaitable<void> Pipeline::fetch_pages() {
  while (has_session() && !is_over()) {
    core::Plan::Reading reading = plan_.next_read(clock_.now());
    if (const auto* wait = std::get_if<core::Plan::Wait>(&reading)) {
      show();
      co_await fetch_alarm_->wait_until(wait->until.value_or(Clock::TimePoint::max()));
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
      open_backoff_.reset();
      succeed(Activity::fetch);
      continue;
    }
    plan_.read_failed();
    fail_session(Activity::fetch, *failure);
    if (has_session()) co_await pause(*fetch_alarm_, fetch_backoff_.next());
  }
  complete_alarm_->ring();
}

awaitable<void> Pipeline::read(core::Plan::Reading reading) {
  if (const auto* survey_for = std::get_if<core::Plan::SurveyFor>(&reading)) {
    const core::Survey survey = co_await timed(Query::survey, source_.survey(survey_for->request));
    plan_.surveyed(*survey_for, survey);
  } else if (const auto* request = std::get_if<core::FetchRequest>(&reading)) {
    core::Fetched fetched = co_await timed(Query::fetch, source_.fetch(*request));
    database_clock_ = {fetched.read_at, clock_.now()};
    const auto arrived = plan_.fetched(*request, std::move(fetched), clock_.now());
    const auto cause = page_was_full_ ? PollCause::full_page : PollCause::timer;
    page_was_full_ = arrived.is_full;
    probe_.fetched(cause, arrived.rows, arrived.late_rows);
  } else {
    const auto position = co_await timed(Query::flush_position, source_.read_flush_position());
    plan_.flushed(position, clock_.now());
  }
  publish_rows();
}

void Pipeline::publish_rows() {
  const auto now = clock_.now();
  for (const core::TopicId topic : plan_.take_lookups(now)) sink_.look_up(topic, plan_.topic_name(topic));
  while (core::InFlight* row = plan_.next_publication()) {
    const Publication publication = sink_.publish(*row);
    if (publication.accepted == Accepted::full) break;
    if (publication.accepted == Accepted::yes) {
      plan_.published(now);
    } else {
      plan_.refused(publication.failure);
      fail(Activity::publish, publication.failure);
    }
  }
  show();
}

// publish → settle.

awaitable<void> Pipeline::settle_reports() {
  while (!is_over()) {
    settle(co_await sink_.next_events());
    if (plan_.needs_new_producer() && !is_over()) co_await replace_producer();
    publish_rows();
    complete_alarm_->ring();
    fetch_alarm_->ring();  // a drained pipeline, or a topic to read again
    if (plan_.next_lookup()) lookup_alarm_->ring();
  }
  ring_all();
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

void Pipeline::settle(const std::vector<DeliveryReport>& reports) {
  const auto now = clock_.now();
  core::Bytes bytes;
  const core::Failure* failure = nullptr;
  publish_seconds_.clear();
  end_to_end_seconds_.clear();
  for (const DeliveryReport& report : reports) {
    if (report.failure) {
      if (failure == nullptr || failure->reason != report.failure->reason)
        fail(Activity::publish, *report.failure);
      failure = &*report.failure;
    } else {
      const core::Row& row = *report.row->row;
      bytes += {row.key.value_or("").size() + row.payload.value_or("").size()};
      publish_seconds_.push_back(std::chrono::duration<double>(now - report.row->published_at).count());
      if (row.created_at && database_clock_) {
        const auto age = database_clock_->database - *row.created_at + (now - database_clock_->ours);
        end_to_end_seconds_.push_back(std::max(0.0, std::chrono::duration<double>(age).count()));
      }
    }
    const core::TopicId topic = report.row->topic;
    plan_.delivered(*report.row, report.failure, now);
    if (report.failure) show_topic(topic);
  }
  if (publish_seconds_.empty()) return;
  probe_.acknowledged(publish_seconds_.size(), bytes, publish_seconds_, end_to_end_seconds_);
  producer_backoff_.reset();
  if (failure == nullptr) {
    sink_trouble_.reset();
    succeed(Activity::publish);
  }
}

void Pipeline::settle(const TopicReport& report) {
  if (report.failure) {
    plan_.topic_closed(report.topic, *report.failure, clock_.now());
  } else {
    plan_.topic_opened(report.topic, report.partitions, clock_.now());
  }
  show_topic(report.topic);
}

awaitable<void> Pipeline::replace_producer() {
  bool is_replaced = false;
  while (!is_replaced && !is_abandoned_) {
    co_await pause(*sink_alarm_, producer_backoff_.next());
    std::optional<core::Failure> failure;
    try {
      settle(co_await sink_.rebuild(producer_patience));
      is_replaced = true;
    } catch (const core::FailureError& error) {
      failure = error.failure();
    }
    if (failure) fail(Activity::publish, *failure);
  }
  if (is_abandoned_) co_return;
  const std::size_t redelivered = plan_.producer_replaced(clock_.now());
  probe_.producer_created();
  if (redelivered > 0) probe_.redelivering(redelivered);
}

awaitable<void> Pipeline::look_up_topics() {
  while (!is_over()) {
    co_await lookup_alarm_->wait_until(plan_.next_lookup().value_or(Clock::TimePoint::max()));
    publish_rows();
  }
}

// settle → complete.

awaitable<void> Pipeline::complete_rows() {
  while (has_session() && !is_over()) {
    if (const auto rows = plan_.next_completion(); !rows.empty()) {
      co_await complete(rows);
      continue;
    }
    if (clock_.now() >= save_watermark_at_) co_await save_watermark();
    if (has_session() && !is_over()) co_await complete_alarm_->wait_until(save_watermark_at_);
  }
  if (has_session()) co_await save_watermark();
  fetch_alarm_->ring();
}

awaitable<void> Pipeline::complete(std::span<core::InFlight* const> rows) {
  std::optional<core::Failure> failure;
  try {
    const std::size_t completed = co_await timed(Query::complete, source_.complete(rows));
    plan_.completed();
    probe_.completed(completed);
    complete_backoff_.reset();
    succeed(Activity::complete);
    fetch_alarm_->ring();  // there is room again
    show();
    co_return;
  } catch (const core::FailureError& error) {
    failure = error.failure();
  }
  plan_.completion_failed();
  fail_session(Activity::complete, *failure);
  if (has_session()) co_await pause(*complete_alarm_, complete_backoff_.next());
}

awaitable<void> Pipeline::save_watermark() {
  save_watermark_at_ = clock_.now() + watermark_interval;
  const auto watermark = plan_.watermark();
  if (!watermark || watermark == saved_watermark_) co_return;
  try {
    co_await timed(Query::save_watermark, source_.save_watermark(*watermark));
    saved_watermark_ = watermark;
  } catch (const core::FailureError& error) {
    fail_session(Activity::complete, error.failure());
  }
}

// Unlike an alarm's wait, not cut short by what rings meanwhile: failures must not make a hot loop.
awaitable<void> Pipeline::pause(Alarm& alarm, std::chrono::milliseconds delay) {
  const auto until = clock_.now() + delay;
  while (clock_.now() < until && !is_over()) co_await alarm.wait_until(until);
}

// Failures and what is seen of all this.

void Pipeline::fail_session(Activity activity, const core::Failure& failure) {
  const bool is_first = !session_failed_;
  if (failure.remedy != core::Remedy::retry) {
    session_failed_ = true;
    source_.close();
    fetch_alarm_->ring();
    complete_alarm_->ring();
  }
  // What the other connection says when it is closed along with this one is no news.
  if (is_first && !is_abandoned_) fail(activity, failure);
}

void Pipeline::fail(Activity activity, const core::Failure& failure) {
  failing_[static_cast<std::size_t>(activity)] = failure.remedy;
  probe_.failed(activity, failure);
  show();
}

// A topic's trouble is not the producer's: it is told by `show_topic`.
void Pipeline::note_undelivered(const core::Failure& failure) {
  if (failure.remedy != core::Remedy::hold_topic) fail(Activity::publish, failure);
}

void Pipeline::succeed(Activity activity) {
  auto& failing = failing_[static_cast<std::size_t>(activity)];
  if (!failing) return;
  failing.reset();
  probe_.recovered(activity);
  show();
}

State Pipeline::state() const {
  if (plan_.halted() != nullptr) return State::halted;
  if (is_stopping_) return State::draining;
  const auto has_remedy = [this](core::Remedy remedy) {
    return std::ranges::find(failing_, remedy) != failing_.end() || sink_trouble_ == remedy;
  };
  if (has_remedy(core::Remedy::operate) || plan_.needs_operator()) return State::waiting_for_operator;
  const bool is_failing =
      std::ranges::any_of(failing_, [](const auto& remedy) { return remedy.has_value(); });
  if (is_failing || sink_trouble_) return State::backing_off;
  if (!was_open_) return State::starting;
  return plan_.is_busy() ? State::relaying : State::idle;
}

void Pipeline::show_topic(core::TopicId topic) {
  const core::Failure* failure = plan_.lanes().held_because(topic);
  if (failure != nullptr && shown_topics_.insert(topic).second) {
    probe_.topic_held(plan_.topic_name(topic), *failure);
  } else if (failure == nullptr && shown_topics_.erase(topic) > 0) {
    probe_.topic_released(plan_.topic_name(topic));
  }
  probe_.held_topics(plan_.lanes().held_topics());
}

void Pipeline::show() {
  probe_.in_flight(plan_.window().rows(), plan_.window().bytes());
  const State now = state();
  if (shown_state_ == now) return;
  shown_state_ = now;
  probe_.state_changed(now);
}

template <typename Result>
awaitable<Result> Pipeline::timed(Query query, awaitable<Result> operation) {
  const auto begin = clock_.now();
  if constexpr (std::is_void_v<Result>) {
    co_await std::move(operation);
    probe_.queried(query, clock_.now() - begin);
  } else {
    Result result = co_await std::move(operation);
    probe_.queried(query, clock_.now() - begin);
    co_return result;
  }
}

}  // namespace outbox_relay::relay
