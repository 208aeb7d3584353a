#include <utility>

#include "core/failpoint.h"
#include "relay/pipeline.h"

// The part of `Pipeline` that opens sessions of the source and loses them: what ends one, and how long to
// wait for the next.
namespace outbox_relay::relay {

namespace {

constexpr std::chrono::seconds operator_delay{5};  // between attempts that only a person can make succeed
/// Sessions lost within so long of each other have one cause. Longer than any pause between them, so that a
/// session which fails as soon as it is open counts as the next one.
constexpr std::chrono::seconds lost_again_within{10};

}  // namespace

awaitable<bool> Pipeline::open_source() {
  std::optional<core::Failure> failure;
  try {
    const core::SourceFacts facts = co_await source_.open();
    const std::size_t repeated = plan_.source_opened(facts, clock_.now());
    if (repeated > 0) probe_.redelivering(repeated);
    was_open_ = is_open_ = true;
    session_failure_.reset();
    complete_at_ = park_at_ = {};
    parking_trouble_.reset();  // the rows are read, and refused, once more
    saved_watermark_ = facts.watermark;
    save_watermark_at_ = clock_.now() + watermark_interval;
    core::failpoint("opened");
    show();
    co_return true;
  } catch (const core::FailureError& error) {
    failure = error.failure();
  }
  close_source();
  co_await pause_after_failing_to_open(*failure);
  co_return false;
}

awaitable<void> Pipeline::pause_after_failing_to_open(core::Failure failure) {
  show_leading(false);
  if (is_over()) co_return;
  fail(Activity::fetch, failure);
  const auto delay = failure.remedy == core::Remedy::operate ? operator_delay : open_backoff_.next();
  co_await pause(*fetch_alarm_, delay);
}

// A connection that was lost is made again at once: nothing else need be wrong. One that is lost again and
// again, before any row was completed, has a cause that lasts.
awaitable<void> Pipeline::pause_after_losing_session(core::Remedy remedy) {
  const auto now = clock_.now();
  const auto before = std::exchange(session_lost_at_, now);
  const bool is_again = before && now - *before < lost_again_within;
  if (!is_again) open_backoff_.reset();
  if (remedy == core::Remedy::operate) {
    co_await pause(*fetch_alarm_, operator_delay);
  } else if (is_again) {
    co_await pause(*fetch_alarm_, open_backoff_.next());
  }
}

void Pipeline::fail_session(Activity activity, const core::Failure& failure) {
  const bool is_first = !session_failure_;
  if (failure.remedy != core::Remedy::retry) {
    if (is_first) session_failure_ = failure.remedy;
    close_source();
    fetch_alarm_->ring();
    complete_alarm_->ring();
  }
  // What the other connection says when it is closed along with this one is no news.
  if (is_first && !is_abandoned_) fail(activity, failure);
}

// A grant on a column is enough to keep rows from being parked, and no reason to stop completing the others:
// the session goes on, and the refused rows wait in the window.
void Pipeline::parking_failed(const core::Failure& failure) {
  const bool goes_on = failure.remedy == core::Remedy::retry || failure.remedy == core::Remedy::operate;
  if (!goes_on) return fail_session(Activity::complete, failure);
  parking_trouble_ = failure.remedy;
  const bool is_slow = failure.remedy == core::Remedy::operate;
  park_at_ = clock_.now() + (is_slow ? operator_delay : park_backoff_.next());
  if (has_session()) fail(Activity::complete, failure);
}

void Pipeline::close_source() {
  source_.close();
  lead_.reset();
}

// Unlike an alarm's wait, not cut short by what rings meanwhile: failures must not make a hot loop.
awaitable<void> Pipeline::pause(Alarm& alarm, std::chrono::milliseconds delay) {
  const auto until = clock_.now() + delay;
  while (clock_.now() < until && !is_over()) co_await alarm.wait_until(until);
}

awaitable<void> Pipeline::pause_in_session(Alarm& alarm, std::chrono::milliseconds delay) {
  const auto until = clock_.now() + delay;
  while (clock_.now() < until && has_session() && !is_over()) co_await alarm.wait_until(until);
}

}  // namespace outbox_relay::relay
