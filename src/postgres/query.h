#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/row.h"
#include "postgres/binary.h"

namespace outbox_relay::postgres {

/// A statement and its parameters, in binary.
///
/// The parameters carry their types, so the text needs no casts and may leave parameters unused: statements
/// that differ in a detail share one numbering.
class Query {
 public:
  struct Parameter {
    Type type{};
    std::string bytes;
  };

  explicit Query(std::string sql) : sql_(std::move(sql)) {}

  Query& bigint(std::int64_t value);
  Query& integer(std::int32_t value);
  Query& oid(std::uint32_t value);
  Query& text(std::string_view value);
  Query& bytea(std::string_view value);
  Query& bigints(std::span<const std::int64_t> values);
  Query& texts(std::span<const std::string> values);
  /// Two arrays, tid[] and oid[], the second one empty where the table is no question.
  Query& places(std::span<const core::RowPlace> values, bool with_tables);

  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }

 private:
  std::string sql_;
  std::vector<Parameter> parameters_;
};

}  // namespace outbox_relay::postgres
