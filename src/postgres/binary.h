#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/row.h"

// PostgreSQL's binary wire formats, as far as the relay reads and writes them. Source: the types' send and
// receive functions, src/backend/utils/adt; numbers travel in network byte order.
namespace outbox_relay::postgres {

/// Types by their object id, fixed in pg_type.dat.
enum class Type : std::uint32_t {
  boolean = 16,
  bytea = 17,
  bigint = 20,
  integer = 23,
  text = 25,
  oid = 26,
  tid = 27,
  text_array = 1009,
  tid_array = 1010,
  bigint_array = 1016,
  oid_array = 1028,
};

template <typename Number>
[[nodiscard]] Number read_number(std::string_view bytes) {
  std::make_unsigned_t<Number> value = 0;
  for (const char byte : bytes.substr(0, sizeof(Number))) {
    value = static_cast<std::make_unsigned_t<Number>>((value << 8U) | static_cast<unsigned char>(byte));
  }
  return static_cast<Number>(value);
}

template <typename Number>
void append_number(std::string& to, Number number) {
  const auto value = static_cast<std::make_unsigned_t<Number>>(number);
  for (std::size_t byte = sizeof(Number); byte-- > 0;) {
    to += static_cast<char>(static_cast<unsigned char>(value >> (byte * 8)));
  }
}

/// Writes the 36 characters of a uuid's text; `bytes` are its 16.
inline constexpr std::size_t uuid_text_size = 36;
void append_uuid(std::string& to, std::string_view bytes);

/// A ctid: block and offset.
void read_place(std::string_view bytes, core::RowPlace& into);
void append_place(std::string& to, const core::RowPlace& place);

/// A timestamp, with or without time zone (the latter is taken as UTC); nothing for the infinities, which
/// have no place on Kafka's scale.
[[nodiscard]] std::optional<core::DatabaseTime> read_time(std::string_view bytes);

}  // namespace outbox_relay::postgres
