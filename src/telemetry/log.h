#pragma once

#include <utility>

#include "telemetry/line_log.h"
#include "telemetry/messages.h"

namespace outbox_relay::telemetry {

/// The log: lines of the vocabulary (`messages.h`), and no others. As `LineLog` in all else.
class Log : private LineLog {
 public:
  using LineLog::count_suppressed;
  using LineLog::counts;
  using LineLog::LineLog;
  using LineLog::set_level;

  /// A value for each of the message's fields, in their order.
  template <Message message, typename... Values>
  void say(const Values&... values) noexcept {
    say_at<message>(facts_of(message).level, values...);
  }
  /// The same for a message that may be worse than usual.
  template <Message message, typename... Values>
  void say_at(LogLevel level, const Values&... values) noexcept {
    static_assert(sizeof...(Values) == facts_of(message).field_count());
    write_line<message>(level, std::index_sequence_for<Values...>{}, values...);
  }

 private:
  template <Message message, std::size_t... At, typename... Values>
  void write_line(LogLevel level, std::index_sequence<At...>, const Values&... values) noexcept {
    constexpr const MessageFacts& facts = facts_of(message);
    write(level, facts.text, {LogField{facts.fields[At], values}...});
  }
};

}  // namespace outbox_relay::telemetry
