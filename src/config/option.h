#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.h"

namespace outbox_relay::config {

/// What a value is: how its text is read, and how documents and schemas call it.
enum class Kind : std::uint8_t {
  text,
  name,        ///< [a-z0-9_-]+
  secret,      ///< a text that is never shown
  path,        ///< of a file that is not looked at offline
  identifier,  ///< a name in PostgreSQL's catalog, taken as it is
  table,       ///< schema.table
  topic,       ///< a constant topic or a template
  topic_name,  ///< a constant topic
  duration,
  size,
  count,
  choice,
  endpoint,        ///< address:port
  identifiers,     ///< a list of identifiers
  topic_patterns,  ///< a list of topics and prefix*
  headers,         ///< name: template
  properties,      ///< librdkafka property: value
};

/// What a text can turn into. No value: null, or switched off.
using Value = std::variant<std::monostate, std::string, Secret, TableName, Template,
                           std::chrono::milliseconds, core::Bytes, std::uint64_t, Endpoint,
                           std::vector<std::string>, std::vector<Header>, std::vector<Property>>;

/// One of the texts that an option of kind `choice` takes.
struct Choice {
  std::string_view text;
};

/// One row of the option table: all that the parser, the reference, the defaults and the JSON Schema know
/// about an option.
struct Option {
  std::string_view name;  ///< within its section; a dot for each mapping in between
  Kind kind = Kind::text;
  /// The default, as one would write it; empty when there is none.
  std::string_view fallback{};
  std::string_view example{};  ///< where there is no useful default: as one would write it in YAML
  std::string_view documentation{};
  std::vector<Choice> choices{};  ///< of `Kind::choice`, in the order of the enumerators
  std::string_view least{};       ///< of durations, sizes and counts
  std::string_view most{};
  bool is_required = false;
  bool is_nullable = false;
};

/// An option and the place in a section's struct where its value is.
template <class Section>
struct Field {
  Option option;
  std::function<void(Section&, Value&&)> store;
  std::function<Value(const Section&)> load;
};

template <class T>
void assign(T& target, Value&& value, [[maybe_unused]] const Option& option) {
  if constexpr (std::is_enum_v<T>) {
    const auto& text = std::get<std::string>(value);
    std::size_t index = 0;
    while (option.choices.at(index).text != text) ++index;
    target = static_cast<T>(index);
  } else {
    target = std::get<T>(std::move(value));
  }
}

template <class T>
void assign(std::optional<T>& target, Value&& value, const Option&) {
  if (std::holds_alternative<std::monostate>(value)) {
    target.reset();
  } else {
    target = std::get<T>(std::move(value));
  }
}

/// The way back of `assign`.
template <class T>
Value to_value(const T& member, [[maybe_unused]] const Option& option) {
  if constexpr (std::is_enum_v<T>) {
    return std::string(option.choices.at(static_cast<std::size_t>(member)).text);
  } else {
    return member;
  }
}

template <class T>
Value to_value(const std::optional<T>& member, const Option& option) {
  return member ? to_value(*member, option) : Value();
}

/// `members` lead from the section's struct to the option's value.
template <class Section, class... Members>
Field<Section> field(const Option& option, Members... members) {
  return {option,
          [option, members...](Section& section, Value&& value) {
            assign((section.*....*members), std::move(value), option);
          },
          [option, members...](const Section& section) { return to_value((section.*....*members), option); }};
}

}  // namespace outbox_relay::config
