#include "telemetry/health.h"

#include <algorithm>

#include "telemetry/labels.h"

namespace outbox_relay::telemetry {

namespace {

std::string in_seconds(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

/// How long work has waited at `now` without any success, counted from the later of `since` and the last
/// success.
Duration waiting(std::optional<TimePoint> since, const OutboxFacts& facts, TimePoint now) {
  if (!since) return Duration::zero();
  return std::max(now - std::max(*since, facts.last_success.value_or(*since)), Duration::zero());
}

/// Why an outbox that relays makes no progress, or nothing.
std::string stale_reason(const OutboxFacts& facts, const HealthLimits& limits, TimePoint now) {
  if (const auto blind = waiting(facts.unreadable_since, facts, now); blind >= limits.stale_after) {
    return "the outbox could not be read for " + in_seconds(blind);
  }
  if (const auto stuck = waiting(facts.in_flight_since, facts, now); stuck >= limits.stale_after) {
    return "rows are in flight and none was completed for " + in_seconds(stuck);
  }
  // Judged as of the latest sample: rows that were completed since must not count as waiting until the next
  // one.
  const auto sampled = waiting(facts.backlog_since, facts, std::min(facts.backlog_seen, now));
  if (sampled >= limits.stale_after)
    return "rows are pending and none was completed for " + in_seconds(sampled);
  return {};
}

void set_since(std::optional<TimePoint>& since, bool is_so, TimePoint now) {
  if (!is_so) {
    since.reset();
  } else if (!since) {
    since = now;
  }
}

}  // namespace

Verdict judge_liveness(const OutboxFacts& facts, const HealthLimits& limits, TimePoint now) {
  if (facts.has_ended && !facts.is_replaced) return {true, "ended"};
  const auto silence = now - facts.last_beat;
  if (silence <= limits.beat_bound) return {true, "alive"};
  return {false, "its loop has not turned for " + in_seconds(silence)};
}

Verdict judge_readiness(const OutboxFacts& facts, const HealthLimits& limits, TimePoint now) {
  switch (facts.state) {
    case relay::State::standby:
      return {true, "another relay works on this outbox"};
    case relay::State::halted:
      return {false, "halted by a row that was refused"};
    case relay::State::waiting_for_operator:
      return {false, "waits for somebody to mend what the log names"};
    case relay::State::draining:
      if (facts.is_replaced) break;
      return {false, "stops"};
    case relay::State::starting:
    case relay::State::relaying:
    case relay::State::idle:
    case relay::State::backing_off:
      break;
  }
  if (!facts.has_polled) return {false, "the outbox was not read yet"};
  if (auto reason = stale_reason(facts, limits, now); !reason.empty()) return {false, std::move(reason)};
  return {true, "makes progress"};
}

OutboxHealth::OutboxHealth(std::string name, HealthLimits limits, TimePoint now)
    : name_(std::move(name)), limits_(limits) {
  facts_.last_beat = now;
}

void OutboxHealth::beat(TimePoint now) {
  const std::lock_guard lock(mutex_);
  facts_.last_beat = now;
}

void OutboxHealth::ended() {
  const std::lock_guard lock(mutex_);
  facts_.has_ended = true;
}

void OutboxHealth::replaced() {
  const std::lock_guard lock(mutex_);
  facts_.is_replaced = true;
}

void OutboxHealth::begun(HealthLimits limits, TimePoint now) {
  const std::lock_guard lock(mutex_);
  limits_ = limits;
  facts_.last_beat = now;
  facts_.state = relay::State::starting;  // it says so itself, a moment later
  facts_.has_ended = facts_.is_replaced = false;
}

void OutboxHealth::stops() {
  const std::lock_guard lock(mutex_);
  facts_.is_replaced = false;
}

void OutboxHealth::state_changed(relay::State state) {
  const std::lock_guard lock(mutex_);
  // What waited while another relay worked on the outbox was not this one's to do.
  if (facts_.state == relay::State::standby && state != relay::State::standby) {
    facts_.backlog_since.reset();
    facts_.unreadable_since.reset();
  }
  facts_.state = state;
}

void OutboxHealth::polled() {
  const std::lock_guard lock(mutex_);
  facts_.has_polled = true;
  facts_.unreadable_since.reset();
}

void OutboxHealth::poll_failed(TimePoint now) {
  const std::lock_guard lock(mutex_);
  set_since(facts_.unreadable_since, true, now);
}

void OutboxHealth::in_flight(std::size_t rows, TimePoint now) {
  const std::lock_guard lock(mutex_);
  set_since(facts_.in_flight_since, rows > 0, now);
}

void OutboxHealth::completed(TimePoint now) {
  const std::lock_guard lock(mutex_);
  facts_.last_success = now;
}

void OutboxHealth::sampled(double backlog_rows, TimePoint now) {
  const std::lock_guard lock(mutex_);
  set_since(facts_.backlog_since, backlog_rows > 0, now);
  facts_.backlog_seen = now;
}

HealthLimits OutboxHealth::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

OutboxFacts OutboxHealth::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

OutboxHealth& Health::add(std::string outbox, HealthLimits limits) {
  const std::lock_guard lock(mutex_);
  return outboxes_.emplace_back(std::move(outbox), limits, time_.now());
}

void Health::remove(const std::string& outbox) {
  const std::lock_guard lock(mutex_);
  outboxes_.remove_if([&outbox](const OutboxHealth& each) { return each.name() == outbox; });
}

HealthReport Health::liveness(bool verbose) const {
  return report(judge_liveness, verbose);
}

HealthReport Health::readiness(bool verbose) const {
  {
    const std::lock_guard lock(mutex_);
    if (outboxes_.empty()) return {false, "not ok\nno outbox was started yet\n"};
  }
  return report(judge_readiness, verbose);
}

HealthReport Health::report(Judge judge, bool verbose) const {
  const std::lock_guard lock(mutex_);
  bool is_good = true;
  std::string lines;
  for (const auto& outbox : outboxes_) {
    const auto facts = outbox.facts();
    // The clock is read after the facts: a beat between the two must not lie in the future.
    const auto verdict = judge(facts, outbox.limits(), time_.now());
    is_good = is_good && verdict.is_good;
    if (verdict.is_good && !verbose) continue;
    lines += (verdict.is_good ? "[+] " : "[-] ") + outbox.name() + " ";
    lines += to_label(facts.state);
    lines += ": " + verdict.reason + "\n";
  }
  return {is_good, (is_good ? "ok\n" : "not ok\n") + lines};
}

}  // namespace outbox_relay::telemetry
