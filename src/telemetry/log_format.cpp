#include "telemetry/log_format.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <type_traits>

#include "core/utf8.h"

namespace outbox_relay::telemetry {

namespace {

/// A server's message may be long; what matters stands at its beginning.
constexpr std::size_t max_text_bytes = 2000;

void append_code(unsigned code, std::string& into) {
  constexpr std::string_view digits = "0123456789abcdef";
  into += "\\u00";
  into += digits[code >> 4U];
  into += digits[code & 0xFU];
}

/// A control character, as JSON writes it. The last byte is its code, in UTF-8 too.
void append_control(std::string_view character, std::string& into) {
  switch (character.back()) {
    case '\n':
      into += "\\n";
      return;
    case '\r':
      into += "\\r";
      return;
    case '\t':
      into += "\\t";
      return;
    default:
      append_code(static_cast<unsigned char>(character.back()), into);
  }
}

/// Escapes as JSON does, which logfmt readers understand too. Beyond what JSON asks, DEL and the C1 control
/// characters are escaped, which a terminal would obey. What is not UTF-8 becomes U+FFFD.
void append_escaped(std::string_view text, bool is_quoted, std::string& into) {
  const bool is_cut = text.size() > max_text_bytes;
  std::size_t at = 0;
  while (at < text.size() && at < max_text_bytes) {
    const auto length = core::character_length(text.substr(at));
    const auto character = text.substr(at, length);
    if (length == 0) {
      into += "\xEF\xBF\xBD";
    } else if (core::is_control(character)) {
      append_control(character, into);
    } else {
      if (is_quoted && (character == "\"" || character == "\\")) into += '\\';
      into += character;
    }
    at += length == 0 ? 1 : length;
  }
  if (is_cut) into += "…";
}

void append_quoted(std::string_view text, std::string& into) {
  into += '"';
  append_escaped(text, true, into);
  into += '"';
}

/// Whether logfmt readers take the text without quotes.
bool is_bare(std::string_view text) {
  for (const char character : text) {
    const auto code = static_cast<unsigned char>(character);
    if (code <= ' ' || code >= 0x7F || character == '"' || character == '=' || character == '\\')
      return false;
  }
  return !text.empty() && text.size() <= max_text_bytes;
}

template <typename Number>
void append_number(Number number, std::string& into) {
  std::array<char, 32> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  into.append(digits.data(), written.ptr);
}

void append_value(LogFormat format, const LogValue& value, std::string& into) {
  std::visit(
      [&](auto held) {
        using Held = decltype(held);
        if constexpr (std::is_same_v<Held, std::string_view>) {
          if (format != LogFormat::json && is_bare(held)) {
            into += held;
          } else {
            append_quoted(held, into);
          }
        } else if constexpr (std::is_same_v<Held, bool>) {
          into += held ? "true" : "false";
        } else if constexpr (std::is_same_v<Held, double>) {
          if (format == LogFormat::json && !std::isfinite(held)) {
            into += "null";  // JSON has no other word for it
          } else {
            append_number(held, into);
          }
        } else {
          append_number(held, into);
        }
      },
      value.get());
}

bool is_left_out(const LogValue& value) {
  const auto* text = std::get_if<std::string_view>(&value.get());
  return text != nullptr && text->empty();
}

void append_field(LogFormat format, const LogField& field, std::string& into) {
  if (format == LogFormat::json) {
    into += ',';
    append_quoted(field.key, into);
    into += ':';
  } else {
    into += ' ';
    into += field.key;
    into += '=';
  }
  append_value(format, field.value, into);
}

}  // namespace

std::string format_body(LogFormat format, LogLevel level, std::string_view message, LogFields fields) {
  std::string body;
  body.reserve(256);
  switch (format) {
    case LogFormat::text:
      body += to_label(level);
      body.resize(std::string_view("debug ").size(), ' ');  // messages stand below each other
      append_escaped(message, false, body);
      break;
    case LogFormat::logfmt:
      body += "level=";
      body += to_label(level);
      body += " msg=";
      append_quoted(message, body);
      break;
    case LogFormat::json:
      body += "\"level\":\"";
      body += to_label(level);
      body += "\",\"msg\":";
      append_quoted(message, body);
      break;
  }
  for (const auto& field : fields) {
    if (!is_left_out(field.value)) append_field(format, field, body);
  }
  return body;
}

}  // namespace outbox_relay::telemetry
