#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lab.h"

namespace outbox_relay::bench {

/// One of the things that are measured in alternation.
struct Arm {
  std::string name;
  std::function<Measures(Lab&)> run;
};

/// A measure as the table shows it.
struct Column {
  std::string measure;
  std::string title;
  int decimals = 0;
};

/// What a shape is there to show: a fact about medians, and the bar it is held against.
struct Claim {
  enum class Kind : std::uint8_t { ratio, difference, value };

  std::string text;
  Kind kind = Kind::ratio;
  std::string measure;
  std::string of;       ///< an arm
  std::string against;  ///< another one; not for `value`
  bool at_least = true;
  double bar = 0;
};

/// A question put to the program: what is run, what is shown of it, what is claimed.
struct Shape {
  std::string name;  ///< for --only
  std::string title;
  std::vector<Arm> arms{};
  std::vector<Column> columns{};  ///< the first one with its spread, and as the chart's bars
  std::vector<Claim> claims{};
  bool is_quick = false;         ///< one of those that `--quick` runs when none is named
  double disk_gb = 0;            ///< what servers and data need, about
  std::optional<int> repeats{};  ///< where so many are enough, or all that time allows
};

/// All of them, in the order in which they are run.
[[nodiscard]] std::vector<Shape> make_shapes(const Scale& scale);

/// A tiny run whose claims are counts, not times: whether the benchmark works, and what follows from how the
/// program works.
[[nodiscard]] Shape make_check();
inline constexpr std::size_t check_rows = 20'000;

}  // namespace outbox_relay::bench
