#include "config/source.h"

#include <algorithm>

#include "core/utf8.h"

namespace outbox_relay::config {
namespace {

constexpr std::size_t longest_excerpt = 160;
constexpr std::size_t shown_before_place = 100;
constexpr std::string_view replacement = "***";
constexpr std::string_view ellipsis = "…";

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !core::continues_character(c); }));
}

/// A line without the comment at its end, which may hold an old secret.
std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const char before = i == 0 ? ' ' : line[i - 1];
    const bool begins_word = before == ' ' || before == '\t';
    if (c == quote) {
      quote = 0;
    } else if (quote != 0) {
      continue;
    } else if (c == '#' && begins_word) {
      const std::string_view rest = line.substr(0, i);
      return rest.substr(0, rest.find_last_not_of(" \t") + 1);
    } else if ((c == '"' || c == '\'') && (begins_word || before == '[' || before == '{' || before == ',')) {
      quote = c;
    }
  }
  return line;
}

}  // namespace

Source::Source(std::string text) : text_(std::move(text)), line_starts_{0} {
  if (text_.starts_with("\xEF\xBB\xBF")) text_.erase(0, 3);  // a byte order mark is no part of the first line
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::optional<Position> Source::first_invalid_byte() const {
  for (std::size_t number = 0; number < line_starts_.size(); ++number) {
    const std::string_view content = line(number);
    for (std::size_t byte = 0; byte < content.size();) {
      const std::string_view character = content.substr(byte, core::character_length(content.substr(byte)));
      const bool is_invalid = character.empty() || (core::is_control(character) && character != "\t");
      if (is_invalid) return Position{number, byte};
      byte += character.size();
    }
  }
  return std::nullopt;
}

std::string_view Source::text_from(Position place) const {
  if (place.line >= line_starts_.size()) return {};
  return std::string_view(text_).substr(std::min(line_starts_[place.line] + place.byte, text_.size()));
}

std::string_view Source::line(std::size_t number) const {
  if (number >= line_starts_.size()) return {};
  const std::string_view rest = std::string_view(text_).substr(line_starts_[number]);
  std::string_view content = rest.substr(0, rest.find('\n'));
  if (content.ends_with('\r')) content.remove_suffix(1);
  return content;
}

Position Source::end() const {
  const std::size_t last = line_starts_.size() - 1;
  return {last, line(last).size()};
}

bool Source::closes_quote(Position place) const {
  const std::string_view rest = text_from(place);
  if (!rest.starts_with('"') && !rest.starts_with('\'')) return true;
  const char quote = rest.front();
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '\\' && quote == '"') {
      ++i;
    } else if (rest[i] == quote) {
      const bool is_escaped = quote == '\'' && i + 1 < rest.size() && rest[i + 1] == quote;
      if (!is_escaped) return true;
      ++i;
    }
  }
  return false;
}

std::size_t Source::column(Position place) const {
  return count_characters(line(place.line).substr(0, place.byte)) + 1;
}

std::size_t Source::hidden_until(Position place, const std::vector<Span>& hidden) const {
  const std::string_view content = line(place.line);
  std::size_t end = place.byte;
  const auto covers = [&](const Span& span) {
    const Position here{place.line, end};
    return span.begin <= here && here < span.end;
  };
  while (end < content.size()) {
    const auto span = std::ranges::find_if(hidden, covers);
    if (span == hidden.end()) break;
    end = span->end.line == place.line ? span->end.byte : content.size();
  }
  const std::string_view stretch = content.substr(place.byte, end - place.byte);
  // The indentation of what follows is no part of a secret, nor is what closes it when more follows on its
  // line.
  if (stretch.find_first_not_of(" \t-") == std::string_view::npos) return place.byte;
  if (end == content.size()) return end;
  return place.byte + stretch.find_last_not_of(" \t,}]") + 1;
}

Excerpt Source::excerpt(Position place, const std::vector<Span>& hidden) const {
  const std::string_view content = without_comment(line(place.line));
  const std::size_t caret = std::min(place.byte, content.size());
  std::size_t begin = caret > shown_before_place ? caret - shown_before_place : 0;
  while (begin > 0 && begin < content.size() && core::continues_character(content[begin])) --begin;

  Excerpt excerpt;
  if (begin > 0) excerpt.text = ellipsis;
  std::size_t byte = begin;
  bool is_caret_set = false;
  while (byte < content.size() &&
         (byte - begin < longest_excerpt || core::continues_character(content[byte]))) {
    const std::size_t hidden_end = hidden_until({place.line, byte}, hidden);
    const std::size_t next = std::max(hidden_end, byte + 1);
    if (!is_caret_set && caret < next) {
      excerpt.caret = count_characters(excerpt.text);
      is_caret_set = true;
    }
    const char c = content[byte];
    if (hidden_end > byte) {
      excerpt.text += replacement;
    } else {
      excerpt.text += c == '\t' ? ' ' : c;
    }
    byte = next;
  }
  if (!is_caret_set) excerpt.caret = count_characters(excerpt.text);
  if (byte < content.size()) excerpt.text += ellipsis;
  excerpt.text = core::replace_controls(excerpt.text, "?");
  return excerpt;
}

}  // namespace outbox_relay::config
