#include "page/words.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "core/age.h"
#include "telemetry/messages.h"

namespace outbox_relay::page {

std::string_view to_class(Tone tone) {
  switch (tone) {
    case Tone::calm:
      return "calm";
    case Tone::good:
      return "good";
    case Tone::odd:
      return "odd";
    case Tone::bad:
      return "bad";
  }
  return {};
}

std::string_view to_sign(Tone tone) {
  switch (tone) {
    case Tone::calm:
      return "○";
    case Tone::good:
      return "✓";
    case Tone::odd:
      return "!";
    case Tone::bad:
      return "✕";
  }
  return {};
}

Tone tone_of(const telemetry::OutboxOverview& outbox) {
  // What has just been started is not ready yet, and nothing is wrong with it.
  const bool begins = outbox.state == relay::State::starting && outbox.troubles.empty();
  if (outbox.has_ended || (!outbox.readiness.is_good && !begins)) return Tone::bad;
  const bool is_troubled = std::ranges::any_of(outbox.troubles, &telemetry::Trouble::lasts);
  if (is_troubled || outbox.parked_rows > 0 || outbox.held_rows > 0) return Tone::odd;
  return outbox.state == relay::State::standby || begins ? Tone::calm : Tone::good;
}

std::string_view state_of(const telemetry::OutboxOverview& outbox) {
  if (outbox.has_ended) return "Ended";
  switch (outbox.state) {
    case relay::State::starting:
      return "Starting";
    case relay::State::standby:
      return "Standing by";
    case relay::State::relaying:
      return "Relaying";
    case relay::State::idle:
      return "Idle, nothing to relay now";
    case relay::State::backing_off:
      return "Backing off, then tries again";
    case relay::State::waiting_for_operator:
      return "Waits for somebody to mend it";
    case relay::State::halted:
      return "Halted, nothing goes out";
    case relay::State::draining:
      return "Stopping";
  }
  return {};
}

std::string_view role_of(const telemetry::OutboxOverview& outbox) {
  if (outbox.leads) return "this relay leads";
  return outbox.state == relay::State::standby ? "another relay leads" : "this relay does not lead";
}

std::string advice_on(const telemetry::Trouble& trouble) {
  const auto& failure = trouble.failure;
  if (trouble.lasts && trouble.message == telemetry::Message::row_parked) {
    const std::string decide = "`outbox-relay parked requeue` or `discard`";
    return failure.hint.empty() ? decide : failure.hint + "; then " + decide;
  }
  if (!failure.hint.empty()) return failure.hint;
  switch (failure.remedy) {
    case core::Remedy::retry:
    case core::Remedy::rebuild:
      return "see whether the server runs and can be reached from here; the relay tries again by itself";
    case core::Remedy::isolate:
    case core::Remedy::hold_topic:
      return "nothing yet, the relay tries again by itself";
    case core::Remedy::park:
      return "see why Kafka refuses the row";
    case core::Remedy::operate:
      return "mend what the message names; the relay then goes on by itself";
  }
  return {};
}

std::string count(double number) {
  if (!std::isfinite(number)) return "unknown";
  std::string text = std::to_string(std::llround(number));
  const std::size_t first_digit = text.starts_with('-') ? 1 : 0;
  for (std::size_t left = text.size(); left > first_digit + 3;) text.insert(left -= 3, "\u202F");
  return text;
}

std::string speed(double per_second) {
  if (!(per_second > 0) || per_second >= 10) return count(per_second);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%.1f", per_second);
  return text.data();
}

std::string moment(telemetry::WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text.data();
}

std::string age(telemetry::WallTime then, telemetry::WallTime now) {
  return core::to_age(std::max(std::chrono::duration<double>(now - then).count(), 0.0));
}

}  // namespace outbox_relay::page
