#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace outbox_relay::config {

/// A place in the file: line and byte, both counted from zero (as yaml-cpp does).
struct Position {
  std::size_t line = 0;
  std::size_t byte = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

/// From `begin` up to, not including, `end`.
struct Span {
  Position begin;
  Position end;
};

/// A line of the file as it may be shown: spans that may hold secrets replaced, cut to a bounded length
/// around the place, characters that would disturb a terminal replaced.
struct Excerpt {
  std::string text;
  std::size_t caret = 0;  ///< characters before the place
};

/// The text of a configuration file, line by line.
class Source {
 public:
  explicit Source(std::string text);

  [[nodiscard]] const std::string& text() const { return text_; }
  /// From a place to the end of the file.
  [[nodiscard]] std::string_view text_from(Position place) const;
  /// Where the text is not UTF-8 or has control characters, which YAML forbids.
  [[nodiscard]] std::optional<Position> first_invalid_byte() const;
  /// Without its line ending; empty behind the last line.
  [[nodiscard]] std::string_view line(std::size_t number) const;
  [[nodiscard]] Position end() const;
  /// Whether the scalar that begins at `place` has its closing quote, if it has an opening one. yaml-cpp
  /// takes the end of the file for it.
  [[nodiscard]] bool closes_quote(Position place) const;
  /// In characters, counted from one, as people and editors count.
  [[nodiscard]] std::size_t column(Position place) const;
  [[nodiscard]] Excerpt excerpt(Position place, const std::vector<Span>& hidden) const;

 private:
  /// The end of the stretch that must not be shown and begins at `place`; `place` itself when it may be
  /// shown.
  [[nodiscard]] std::size_t hidden_until(Position place, const std::vector<Span>& hidden) const;

  std::string text_;
  std::vector<std::size_t> line_starts_;
};

}  // namespace outbox_relay::config
