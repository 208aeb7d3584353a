#include "config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace outbox_relay::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array<Unit, 5> durations = {
    {{"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 60 * 60 * 1000}, {"d", 24 * 60 * 60 * 1000}}};
constexpr std::array<Unit, 4> sizes = {
    {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}}};

std::string names_of(std::span<const Unit> units) {
  std::string names;
  for (const Unit& unit : units) {
    if (!names.empty()) names += &unit == &units.back() ? " or " : ", ";
    names += unit.name;
  }
  return names;
}

/// The only unit with the first letter of what was written, such as `MiB` for `MB`; minutes and `ms` share
/// theirs.
std::optional<std::string_view> meant_by(std::string_view written, std::span<const Unit> units) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto is_like = [&](const Unit& unit) { return lower(unit.name.front()) == lower(written.front()); };
  if (std::ranges::count_if(units, is_like) != 1) return std::nullopt;
  return std::ranges::find_if(units, is_like)->name;
}

Parsed<std::uint64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  const auto first_other = std::ranges::find_if_not(text, [](char c) { return c >= '0' && c <= '9'; });
  const std::string_view digits(text.begin(), first_other);
  const std::string_view name(first_other, text.end());
  const std::string what_it_is = "a whole number and a unit: " + names_of(units);
  if (digits.empty()) return Wrong{"is not " + what_it_is};
  const auto number = parse_count(digits);
  if (const auto* wrong = std::get_if<Wrong>(&number)) return *wrong;
  if (name.empty()) return Wrong{"needs a unit: " + names_of(units)};

  const auto unit = std::ranges::find(units, name, &Unit::name);
  if (unit == units.end()) {
    return Wrong{"is not " + what_it_is, {}, std::string(meant_by(name, units).value_or(""))};
  }
  const std::uint64_t count = std::get<std::uint64_t>(number);
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (count > most / unit->factor) return Wrong{"is too large"};
  return count * unit->factor;
}

std::string written(std::uint64_t count, std::span<const Unit> units, const Unit& of_nothing) {
  const Unit* unit = &of_nothing;
  for (const Unit& larger : units) {
    if (count > 0 && count % larger.factor == 0) unit = &larger;
  }
  return std::to_string(count / unit->factor) + std::string(unit->name);
}

}  // namespace

Parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto quantity = parse_quantity(text, durations);
  if (const auto* wrong = std::get_if<Wrong>(&quantity)) return *wrong;
  return std::chrono::milliseconds(std::get<std::uint64_t>(quantity));
}

Parsed<core::Bytes> parse_size(std::string_view text) {
  const auto quantity = parse_quantity(text, sizes);
  if (const auto* wrong = std::get_if<Wrong>(&quantity)) return *wrong;
  return core::Bytes{std::get<std::uint64_t>(quantity)};
}

std::string to_text(std::chrono::milliseconds duration) {
  return written(static_cast<std::uint64_t>(duration.count()), durations, durations[1]);
}

std::string to_text(core::Bytes size) {
  return written(size.count, sizes, sizes[0]);
}

Parsed<std::uint64_t> parse_count(std::string_view text) {
  const bool is_number =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return Wrong{"is not a whole number"};
  if (text.size() > 1 && text.front() == '0')
    return Wrong{"has a leading zero", "leave it out: some readers take it for octal"};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return Wrong{"is too large"};
  return number;
}

}  // namespace outbox_relay::config
