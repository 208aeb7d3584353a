#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace outbox_relay::telemetry {

/// Named as `log.level` in the configuration and the label `level` of metrics.
enum class LogLevel : std::uint8_t { debug, info, warn, error };

[[nodiscard]] constexpr std::string_view to_label(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

inline constexpr LogLevel all_log_levels[] = {LogLevel::debug, LogLevel::info, LogLevel::warn,
                                              LogLevel::error};

enum class LogFormat : std::uint8_t {
  text,    ///< for people: message first, then the fields as in logfmt
  logfmt,  ///< key=value pairs, quoted where needed
  json,    ///< one object a line
};

/// The value of a field. Texts are borrowed until the call that takes the field returns.
class LogValue {
 public:
  using Variant = std::variant<std::string_view, std::int64_t, double, bool>;

  LogValue(std::string_view text) : value_(text) {}
  LogValue(const std::string& text) : value_(std::string_view(text)) {}
  LogValue(const char* text) : value_(std::string_view(text)) {}
  LogValue(double number) : value_(number) {}
  LogValue(bool truth) : value_(truth) {}
  /// Nothing: an empty text.
  template <typename Number>
  LogValue(const std::optional<Number>& number) {
    if (number) value_ = LogValue(*number).value_;
  }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  LogValue(Number number) : value_(static_cast<std::int64_t>(number)) {}

  [[nodiscard]] const Variant& get() const { return value_; }

 private:
  Variant value_;
};

/// A field with an empty text is left out of the line, so that optional ones need no case of their own.
struct LogField {
  std::string_view key;  ///< lower case words joined by '_'; written as it is
  LogValue value;
};

using LogFields = std::initializer_list<LogField>;

/// A line but for its time: `level=info msg="…" key=value`, or the inside of a JSON object. The result is one
/// line of valid UTF-8 without control characters, whatever the texts hold; each text is cut after 2000 bytes
/// or so.
[[nodiscard]] std::string format_body(LogFormat format, LogLevel level, std::string_view message,
                                      LogFields fields);

}  // namespace outbox_relay::telemetry
