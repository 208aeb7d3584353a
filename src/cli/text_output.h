#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// How the commands show things to people, and read what they write.
namespace outbox_relay::cli {

/// Texts of rows and servers may hold anything; a terminal would obey some of it.
[[nodiscard]] std::string printable(std::string_view text);
/// Lines of as many cells each, below each other in columns. Each line ends with a line feed.
[[nodiscard]] std::string to_columns(std::span<const std::vector<std::string>> lines);
/// "1 error", "2 errors".
[[nodiscard]] std::string number_of(std::size_t count, const std::string& what);
/// "1 row", "2 rows".
[[nodiscard]] std::string rows_of(std::size_t count);

/// A text or null, for machines.
[[nodiscard]] boost::json::value or_null(const std::optional<std::string>& text);

/// Whether somebody means a point in time, and no id: it begins with a date, 2026-01-31.
[[nodiscard]] bool is_time(std::string_view text);

}  // namespace outbox_relay::cli
