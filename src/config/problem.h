#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/source.h"

namespace outbox_relay::config {

/// Something that is wrong in a configuration file. Holds no secret.
struct Problem {
  std::size_t line = 1;    ///< 0: of the file as a whole
  std::size_t column = 1;  ///< in characters
  std::string what;
  Excerpt excerpt;
  std::string hint;  ///< may be empty
};

/// Everything that is wrong in one file, in the order of the file.
struct Problems {
  std::string file;
  std::vector<Problem> list;  ///< bounded
  std::size_t left_out = 0;   ///< how many more there are
};

/// A problem of the file as a whole.
[[nodiscard]] Problems problem_of_file(std::string file, std::string what, std::string hint = {});

/// Where a problem is: `file:line:column`, or the file alone.
[[nodiscard]] std::string place_of(const Problem& problem, const std::string& file);

/// `file:line:column: what`, the line with a caret beneath, and a hint, for each problem.
[[nodiscard]] std::string to_text(const Problems& problems);

/// Collects problems and the places that must not be shown while a file is read. `take` ends it.
class Report {
 public:
  void add(Position place, std::string what, std::string hint = {});
  /// What lies in the span is replaced wherever it would be shown, in problems reported before as well.
  void hide(Span span) { hidden_.push_back(span); }

  [[nodiscard]] bool empty() const { return found_.empty(); }
  [[nodiscard]] Problems take(std::string_view file, const Source& source) &&;

 private:
  struct Found {
    Position place;
    std::string what;
    std::string hint;
  };
  std::vector<Found> found_;
  std::vector<Span> hidden_;
};

/// A text of the file, cut to a bounded length, without characters that disturb a terminal.
[[nodiscard]] std::string printable(std::string_view text);
/// The same in backticks.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace outbox_relay::config
