#include "config/problem.h"

#include <algorithm>
#include <span>
#include <utility>

#include "core/utf8.h"

namespace outbox_relay::config {
namespace {

// Nobody mends more in one go, and a file of garbage must not become a gigabyte of messages.
constexpr std::size_t most_problems = 100;
constexpr std::size_t longest_quote = 80;

}  // namespace

void Report::add(Position place, std::string what, std::string hint) {
  found_.push_back({place, std::move(what), std::move(hint)});
}

Problems Report::take(std::string_view file, const Source& source) && {
  std::ranges::stable_sort(found_, {}, &Found::place);
  Problems problems{std::string(file), {}, 0};
  const std::size_t count = std::min(found_.size(), most_problems);
  problems.left_out = found_.size() - count;
  for (Found& found : std::span(found_).first(count)) {
    std::vector<Span> on_line;
    for (const Span& span : hidden_) {
      if (span.begin.line <= found.place.line && found.place.line <= span.end.line) on_line.push_back(span);
    }
    problems.list.push_back({found.place.line + 1, source.column(found.place), std::move(found.what),
                             source.excerpt(found.place, on_line), std::move(found.hint)});
  }
  return problems;
}

std::string place_of(const Problem& problem, const std::string& file) {
  if (problem.line == 0) return file;
  return file + ':' + std::to_string(problem.line) + ':' + std::to_string(problem.column);
}

Problems problem_of_file(std::string file, std::string what, std::string hint) {
  Problem problem{.line = 0, .what = std::move(what), .excerpt = {}, .hint = std::move(hint)};
  return {.file = std::move(file), .list = {std::move(problem)}};
}

std::string to_text(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems.list) {
    text += place_of(problem, problems.file) + ": " + problem.what + '\n';
    if (!problem.excerpt.text.empty()) {
      text += "    " + problem.excerpt.text + '\n';
      text += "    " + std::string(problem.excerpt.caret, ' ') + "^\n";
    }
    if (!problem.hint.empty()) text += "  hint: " + problem.hint + '\n';
  }
  if (problems.left_out > 0) {
    text += problems.file + ": " + std::to_string(problems.left_out) + " more problems are not shown\n";
  }
  return text;
}

std::string printable(std::string_view text) {
  const std::string result = core::replace_controls(core::beginning_of(text, longest_quote), "?");
  return text.size() > longest_quote ? result + "…" : result;
}

std::string in_quotes(std::string_view text) {
  return '`' + printable(text) + '`';
}

}  // namespace outbox_relay::config
