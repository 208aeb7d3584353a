#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/units.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// The columns that a fetch selects, in their order, and which of them plays which role. What `Statements`
/// writes by it, `PageReader` reads by it. A column that has several roles travels once.
class Layout {
 public:
  /// How a value travels.
  enum class Form : std::uint8_t {
    number,     ///< the id, as bigint
    place,      ///< ctid
    table,      ///< tableoid
    time,       ///< timestamp with or without time zone
    uuid,       ///< 16 bytes, its text is written here: cheaper than to have the server write and send it
    bytes,      ///< bytea
    text,       ///< text and varchar
    converted,  ///< anything else, by ::text
  };

  struct Selected {
    std::string column;  ///< `o."name"`
    Form form{};
    bool is_guarded = false;  ///< the value may be large
    bool is_payload = false;
  };

  explicit Layout(const Table& table);

  [[nodiscard]] const std::vector<Selected>& columns() const { return columns_; }
  /// What a row occupies in this process beside its guarded values, roughly.
  [[nodiscard]] core::Bytes row_overhead() const;

  static constexpr int id = 0;
  static constexpr int place = 1;
  std::optional<int> table;  ///< only where a ctid does not name a row
  std::optional<int> message_id;
  std::optional<int> key;
  std::optional<int> payload;
  std::optional<int> headers;
  std::optional<int> created_at;
  std::vector<int> attributes;

 private:
  int add(Selected selected);
  [[nodiscard]] std::optional<int> add_text(const std::optional<Column>& column, bool is_raw);
  int add_text(const Column& column, bool is_raw);

  std::vector<Selected> columns_;
};

}  // namespace outbox_relay::postgres
