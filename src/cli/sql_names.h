#pragma once

#include <map>
#include <string>
#include <string_view>

namespace outbox_relay::cli {

/// Other names in the place of those that deploy/sql uses, in its code and its texts, not in its comments.
///
/// A name is what one writes without quotes, with its dots: `outbox`, `public.outbox`. Where one word means
/// two things, the word before tells them apart: "SCHEMA outbox_relay".
class SqlNames {
 public:
  void replace(const std::string& name, const std::string& by);
  /// Where it is the first part of a longer name: `outbox_relay.watermark`.
  void replace_first_part(const std::string& name, const std::string& by);
  /// `public.outbox`, by another schema and table.
  void replace_table(const std::string& name, const std::string& schema, const std::string& table);

  [[nodiscard]] std::string in(std::string_view sql) const;

 private:
  struct Replacement {
    std::string quoted;  ///< for code
    std::string bare;    ///< for a text that is a whole name
  };

  [[nodiscard]] std::string replaced(std::string_view name, std::string_view previous, bool is_text) const;

  std::map<std::string, Replacement, std::less<>> names_;
  std::map<std::string, Replacement, std::less<>> first_parts_;
};

/// The SQL without the paragraph that begins with a comment like this.
[[nodiscard]] std::string without_paragraph(std::string_view sql, std::string_view comment);

}  // namespace outbox_relay::cli
