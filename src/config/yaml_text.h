#pragma once

#include <string>
#include <string_view>

#include "config/option.h"

// YAML as `load` reads it: the way back.
namespace outbox_relay::config {

/// What stands in the place of a secret.
inline constexpr std::string_view redacted = "<redacted>";

/// A text as a scalar: in double quotes unless it needs none, dollar signs doubled because the reader
/// replaces variables.
[[nodiscard]] std::string yaml_scalar(std::string_view text);

/// The value of an option as it follows the colon, with the line feed: on the same line, or, of a mapping
/// with entries, on further lines indented by `indent`. Secrets are redacted.
[[nodiscard]] std::string yaml_value(const Value& value, std::string_view indent);

/// Options one below the other, in the mappings that their names lead through.
class YamlSection {
 public:
  explicit YamlSection(std::string indent) : indent_(std::move(indent)) {}

  /// `value` as it follows the colon, with the line feed.
  void add(std::string_view option, std::string_view value, std::string_view comment = {});
  /// How deep the option's own line is indented.
  [[nodiscard]] std::string indent_of(std::string_view option) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  /// The same as an item of a list, whose dash stands in the last two columns of the indentation.
  [[nodiscard]] std::string item() const;

 private:
  std::string indent_;
  std::string mapping_;  ///< the one that the last option is in, with a dot at its end; empty: none
  std::string text_;
};

}  // namespace outbox_relay::config
