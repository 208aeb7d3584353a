#include "postgres/binary.h"

#include <array>
#include <chrono>
#include <limits>

namespace outbox_relay::postgres {

void append_uuid(std::string& to, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<char, uuid_text_size> text;
  auto end = text.begin();
  for (std::size_t at = 0; at < 16; ++at) {
    if (at == 4 || at == 6 || at == 8 || at == 10) *end++ = '-';
    const auto byte = static_cast<unsigned char>(bytes[at]);
    *end++ = digits[byte >> 4U];
    *end++ = digits[byte & 15U];
  }
  to.append(text.data(), text.size());
}

void read_place(std::string_view bytes, core::RowPlace& into) {
  into.block = read_number<std::uint32_t>(bytes);
  into.offset = read_number<std::uint16_t>(bytes.substr(4));
}

void append_place(std::string& to, const core::RowPlace& place) {
  append_number(to, place.block);
  append_number(to, place.offset);
}

std::optional<core::DatabaseTime> read_time(std::string_view bytes) {
  using Limits = std::numeric_limits<std::int64_t>;
  constexpr auto epoch = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};
  const auto microseconds = read_number<std::int64_t>(bytes);
  if (microseconds == Limits::max() || microseconds == Limits::min()) return std::nullopt;
  return core::DatabaseTime{epoch} + std::chrono::microseconds{microseconds};
}

}  // namespace outbox_relay::postgres
