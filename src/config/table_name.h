#pragma once

#include <string>
#include <string_view>

#include "config/parsed.h"

namespace outbox_relay::config {

/// A table as the catalog knows it: exact names, without quotes. Whoever writes SQL quotes them.
struct TableName {
  std::string schema;
  std::string table;

  friend bool operator==(const TableName&, const TableName&) = default;
};

/// As one writes it in SQL and in the configuration: `public.outbox`, `"Weird Schema"."t"`.
[[nodiscard]] std::string to_text(const TableName& name);

/// Reads what `to_text` writes. Unquoted names must be lower case: PostgreSQL would fold them silently, and a
/// reader could not tell whether that was meant.
[[nodiscard]] Parsed<TableName> parse_table_name(std::string_view text);

/// Whether PostgreSQL takes the text as a (quoted) identifier: 1 to 63 bytes without a NUL.
[[nodiscard]] bool is_identifier(std::string_view text);

}  // namespace outbox_relay::config
