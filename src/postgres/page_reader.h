#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/row.h"
#include "core/units.h"
#include "postgres/layout.h"
#include "postgres/result.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// A result as a page.
struct ReadPage {
  core::Page page;
  std::optional<core::Bytes> cut_before;  ///< exact form: the size of the row that did not fit
};

/// Turns what a fetch returned into rows that point into it: no value is copied but for the texts of numbers
/// and uuids, which the server does not send.
class PageReader {
 public:
  /// `token`: what stands in for a value that was too large.
  PageReader(const Table& table, const Layout& layout, std::string token);

  /// Whether a value was too large for the quick form.
  [[nodiscard]] bool has_token(const Result& result) const;
  [[nodiscard]] ReadPage read(Result result, bool is_exact) const;
  [[nodiscard]] const std::string& token() const { return token_; }

 private:
  struct Memory;

  [[nodiscard]] core::Row read_row(Memory& memory, int row) const;
  [[nodiscard]] core::RowId read_id(const Result& result, int row) const;
  [[nodiscard]] core::Value read_value(Memory& memory, int row, int column) const;
  [[nodiscard]] core::Bytes size_of(const Result& result, int row, core::Bytes overhead) const;

  Layout layout_;
  IdKind id_kind_;
  std::uint32_t table_oid_;
  std::string token_;
  std::vector<int> guarded_;  ///< the columns whose values may be large
};

}  // namespace outbox_relay::postgres
