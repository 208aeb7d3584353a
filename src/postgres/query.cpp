#include "postgres/query.h"

namespace outbox_relay::postgres {
namespace {

/// The header of a one-dimensional array without NULLs, counted from 1 (array_recv).
std::string array_of(Type element, std::size_t size) {
  std::string bytes;
  append_number(bytes, std::int32_t{size == 0 ? 0 : 1});
  append_number(bytes, std::int32_t{0});
  append_number(bytes, static_cast<std::uint32_t>(element));
  if (size == 0) return bytes;
  append_number(bytes, static_cast<std::int32_t>(size));
  append_number(bytes, std::int32_t{1});
  return bytes;
}

}  // namespace

Query& Query::bigint(std::int64_t value) {
  append_number(parameters_.emplace_back(Parameter{Type::bigint, {}}).bytes, value);
  return *this;
}

Query& Query::integer(std::int32_t value) {
  append_number(parameters_.emplace_back(Parameter{Type::integer, {}}).bytes, value);
  return *this;
}

Query& Query::oid(std::uint32_t value) {
  append_number(parameters_.emplace_back(Parameter{Type::oid, {}}).bytes, value);
  return *this;
}

Query& Query::text(std::string_view value) {
  parameters_.push_back({Type::text, std::string{value}});
  return *this;
}

Query& Query::bytea(std::string_view value) {
  parameters_.push_back({Type::bytea, std::string{value}});
  return *this;
}

Query& Query::bigints(std::span<const std::int64_t> values) {
  Parameter array{Type::bigint_array, array_of(Type::bigint, values.size())};
  for (const auto value : values) {
    append_number(array.bytes, std::int32_t{sizeof value});
    append_number(array.bytes, value);
  }
  parameters_.push_back(std::move(array));
  return *this;
}

Query& Query::texts(std::span<const std::string> values) {
  Parameter array{Type::text_array, array_of(Type::text, values.size())};
  for (const auto& value : values) {
    append_number(array.bytes, static_cast<std::int32_t>(value.size()));
    array.bytes += value;
  }
  parameters_.push_back(std::move(array));
  return *this;
}

Query& Query::places(std::span<const core::RowPlace> values, bool with_tables) {
  constexpr std::int32_t place_size = 6;
  Parameter places{Type::tid_array, array_of(Type::tid, values.size())};
  Parameter tables{Type::oid_array, array_of(Type::oid, with_tables ? values.size() : 0)};
  for (const auto& value : values) {
    append_number(places.bytes, place_size);
    append_place(places.bytes, value);
    if (!with_tables) continue;
    append_number(tables.bytes, std::int32_t{sizeof value.table});
    append_number(tables.bytes, value.table);
  }
  parameters_.push_back(std::move(places));
  parameters_.push_back(std::move(tables));
  return *this;
}

}  // namespace outbox_relay::postgres
