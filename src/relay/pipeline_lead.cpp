#include <algorithm>

#include "core/failpoint.h"
#include "relay/pipeline.h"

// The part of `Pipeline` that sees to it that of several relays one works: asking for the lead, proving it,
// giving it up.
namespace outbox_relay::relay {

namespace {

constexpr std::chrono::milliseconds standby_interval{300};  // between questions whether the lead is free
constexpr std::chrono::seconds heartbeat_interval{1};

}  // namespace

// Whether its answer comes from the session that holds the lead, and shows that it still does.
bool Pipeline::is_of_leading_session(Query query) {
  switch (query) {
    case Query::complete:
    case Query::park:
    case Query::save_watermark:
    case Query::lead:
      return true;
    case Query::fetch:
    case Query::survey:
    case Query::flush_position:
    case Query::find_released:
    case Query::sample:
    case Query::expire:
      return false;
  }
  return false;
}

awaitable<bool> Pipeline::take_lead() {
  std::optional<core::Failure> failure;
  try {
    lead_ = co_await timed(Query::lead, source_.take_lead());
    if (!lead_ && core::is_mutated("ignore_the_lock")) lead_.emplace();
    is_standby_ = !lead_.has_value();
    show_leading(!is_standby_);
  } catch (const core::FailureError& error) {
    failure = error.failure();
  }
  if (failure) {
    co_await pause_after_failing_to_open(*failure);
    co_return false;
  }
  if (lead_) co_return true;
  open_backoff_.reset();
  plan_.stand_by();
  succeed(Activity::fetch);
  succeed(Activity::complete);  // which is the other relay's business now
  if (!sink_trouble_) succeed(Activity::publish);
  show();
  co_await pause(*fetch_alarm_, standby_interval);
  co_return false;
}

// A process that was stopped for a while must not go on as if nothing had happened: another relay may work on
// the outbox by now.
bool Pipeline::may_publish(Clock::TimePoint now) const {
  return lead_ && (!lead_->lasts || now < lead_proved_at_ + *lead_->lasts);
}

awaitable<void> Pipeline::keep_lead() {
  heartbeat_tried_at_ = clock_.now();
  try {
    co_await timed(Query::lead, source_.keep_lead());
    co_return;
  } catch (const core::FailureError& error) {
    fail_session(Activity::complete, error.failure());
  }
}

// The orderly end. That it fails only makes a standby wait.
awaitable<void> Pipeline::resign() {
  try {
    co_await timed(Query::lead, source_.resign());
  } catch (const core::FailureError&) {
    co_return;
  }
}

Clock::TimePoint Pipeline::heartbeat_at() const {
  if (!lead_ || !lead_->lasts) return Clock::TimePoint::max();
  return std::max(lead_proved_at_, heartbeat_tried_at_) + heartbeat_interval;
}

void Pipeline::lead_proved(Clock::TimePoint begun) {
  const bool could_publish = may_publish(clock_.now());
  lead_proved_at_ = std::max(lead_proved_at_, begun);
  if (!could_publish && is_open_) publish_rows();
}

}  // namespace outbox_relay::relay
