#include "kafka/headers.h"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace outbox_relay::kafka {
namespace {

namespace json = boost::json;
using boost::system::error_code;

/// Called by Boost's parser with each piece of the text. Names and values are gathered in one buffer, which
/// may move while it grows: so they are positions until the text is read to its end.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  void clear() {
    text_.clear();
    members_.clear();
    headers_.clear();
    depth_ = 0;
    needs_comma_ = false;
    in_string_ = false;
  }

  std::span<const RecordHeader> headers() {
    const std::string_view text = text_;
    for (const Member& member : members_) {
      headers_.push_back(
          {text.substr(member.begin, member.value - member.begin),
           member.is_null ? core::Value{} : text.substr(member.value, member.end - member.value)});
    }
    return headers_;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_object_begin(error_code&) {
    if (depth_ > 0) open('{');
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    if (--depth_ > 0) close('}');
    return true;
  }
  bool on_array_begin(error_code& error) {
    if (depth_ == 0) return refuse(error);
    open('[');
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, error_code&) {
    --depth_;
    close(']');
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    begin_key();
    append(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code&) {
    begin_key();
    append(part);
    in_string_ = false;
    if (depth_ == 1) {
      members_.back().value = text_.size();
    } else {
      text_ += "\": ";
      needs_comma_ = false;
    }
    return true;
  }

  bool on_string_part(json::string_view part, std::size_t, error_code& error) {
    if (depth_ == 0) return refuse(error);
    begin_string();
    append(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, error_code& error) {
    if (depth_ == 0) return refuse(error);
    begin_string();
    append(part);
    in_string_ = false;
    if (depth_ > 1) text_ += '"';
    end_value();
    return true;
  }

  bool on_number_part(json::string_view part, error_code& error) {
    if (depth_ == 0) return refuse(error);
    if (!in_string_) begin_value();
    in_string_ = true;  // the rest of the number follows
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t, json::string_view text, error_code& error) { return on_number(text, error); }
  bool on_uint64(std::uint64_t, json::string_view text, error_code& error) { return on_number(text, error); }
  bool on_double(double, json::string_view text, error_code& error) { return on_number(text, error); }

  bool on_bool(bool value, error_code& error) { return on_word(value ? "true" : "false", error); }
  bool on_null(error_code& error) {
    if (depth_ == 1) {
      members_.back().is_null = true;
      members_.back().end = text_.size();
      return true;
    }
    return on_word("null", error);
  }

  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  struct Member {
    std::size_t begin = 0;  ///< of the name
    std::size_t value = 0;  ///< where the name ends and the value begins
    std::size_t end = 0;
    bool is_null = false;
  };

  static bool refuse(error_code& error) {
    error = make_error_code(boost::system::errc::invalid_argument);
    return false;
  }

  void begin_key() {
    if (in_string_) return;
    in_string_ = true;
    if (depth_ == 1) {
      members_.push_back({.begin = text_.size()});
    } else {
      begin_value();
      text_ += '"';
    }
  }
  void begin_string() {
    if (in_string_) return;
    in_string_ = true;
    begin_value();
    if (depth_ > 1) text_ += '"';
  }
  bool on_number(json::string_view text, error_code& error) {
    if (depth_ == 0) return refuse(error);
    if (!in_string_) begin_value();
    in_string_ = false;
    text_.append(text.data(), text.size());
    end_value();
    return true;
  }
  bool on_word(std::string_view word, error_code& error) {
    if (depth_ == 0) return refuse(error);
    begin_value();
    text_ += word;
    end_value();
    return true;
  }

  void open(char bracket) {
    begin_value();
    text_ += bracket;
    needs_comma_ = false;
  }
  void close(char bracket) {
    text_ += bracket;
    end_value();
  }
  /// Within a nested value; a header's own value has no neighbours.
  void begin_value() {
    if (depth_ > 1 && needs_comma_) text_ += ", ";
  }
  void end_value() {
    needs_comma_ = true;
    if (depth_ == 1) members_.back().end = text_.size();
  }

  /// A part of a string: as it is when it is a name or a value itself, escaped again when it is within a
  /// nested value.
  void append(json::string_view part) {
    if (depth_ == 1) {
      text_.append(part.data(), part.size());
      return;
    }
    for (const char c : part) append_escaped(c);
  }
  void append_escaped(char c) {
    static constexpr char digits[] = "0123456789abcdef";
    switch (c) {
      case '"':
        text_ += "\\\"";
        break;
      case '\\':
        text_ += "\\\\";
        break;
      case '\b':
        text_ += "\\b";
        break;
      case '\f':
        text_ += "\\f";
        break;
      case '\n':
        text_ += "\\n";
        break;
      case '\r':
        text_ += "\\r";
        break;
      case '\t':
        text_ += "\\t";
        break;
      default:
        if (const auto code = static_cast<unsigned char>(c); code < 0x20) {
          text_ += "\\u00";
          text_ += digits[code >> 4];
          text_ += digits[code & 0xf];
        } else {
          text_ += c;
        }
    }
  }

  std::string text_;
  std::vector<Member> members_;
  std::vector<RecordHeader> headers_;
  int depth_ = 0;             ///< of brackets that are open; the object itself is 1
  bool needs_comma_ = false;  ///< a value came before at this place
  bool in_string_ = false;    ///< a string, name or number is half read
};

json::parse_options strict_options() {
  json::parse_options options;
  options.max_depth = HeadersReader::max_depth;
  return options;
}

}  // namespace

struct HeadersReader::Parser : json::basic_parser<Handler> {
  Parser() : basic_parser(strict_options()) {}
};

HeadersReader::HeadersReader() : parser_(std::make_unique<Parser>()) {}
HeadersReader::~HeadersReader() = default;

std::optional<std::span<const RecordHeader>> HeadersReader::read(std::string_view json) {
  parser_->reset();
  parser_->handler().clear();
  error_code error;
  const std::size_t used = parser_->write_some(false, json.data(), json.size(), error);
  if (error || used != json.size()) return std::nullopt;
  return parser_->handler().headers();
}

}  // namespace outbox_relay::kafka
