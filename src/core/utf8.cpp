#include "core/utf8.h"

namespace outbox_relay::core {

std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t at) {
    return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
  };
  const auto is_in = [&](std::size_t at, unsigned low, unsigned high) {
    return byte(at) >= low && byte(at) <= high;
  };
  const auto is_tail = [&](std::size_t at) { return is_in(at, 0x80, 0xBF); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return is_tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool is_second_good = is_in(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return is_second_good && is_tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool is_second_good = is_in(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return is_second_good && is_tail(2) && is_tail(3) ? 4 : 0;
  }
  return 0;
}

bool is_text(std::string_view text) {
  while (!text.empty() && text.front() != '\0') {
    const auto length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return text.empty();
}

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

std::string_view beginning_of(std::string_view text, std::size_t max_bytes) {
  constexpr std::size_t longest_rest = 3;  // of a character, behind its first byte
  if (text.size() <= max_bytes) return text;
  auto end = max_bytes;
  while (end > 0 && max_bytes - end < longest_rest && continues_character(text[end])) --end;
  return text.substr(0, end);
}

bool is_control(std::string_view character) {
  const auto last = static_cast<unsigned char>(character.back());
  if (character.size() == 1) return last < 0x20 || last == 0x7F;
  return character.size() == 2 && character.front() == '\xC2' && last < 0xA0;
}

std::string replace_controls(std::string_view text, std::string_view instead) {
  std::string result;
  while (!text.empty()) {
    const auto length = character_length(text);
    const auto character = text.substr(0, length);
    result += length == 0 || is_control(character) ? instead : character;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return result;
}

}  // namespace outbox_relay::core
