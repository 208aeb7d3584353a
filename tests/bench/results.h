#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "machine.h"
#include "shape.h"
#include "statistics.h"

namespace outbox_relay::bench {

/// Every counted run of a shape, and what follows from them.
class Results {
 public:
  explicit Results(const Shape& shape) : shape_(shape), runs_(shape.arms.size()) {}

  void add(std::size_t arm, Measures measures) { runs_[arm].push_back(std::move(measures)); }

  /// Nothing where the arm was not run, or does not have the measure.
  [[nodiscard]] std::optional<Spread> spread(const std::string& arm, const std::string& measure) const;

  struct Verdict {
    double value = 0;
    bool is_kept = false;
  };
  [[nodiscard]] std::optional<Verdict> judge(const Claim& claim) const;

  [[nodiscard]] std::string to_markdown() const;
  [[nodiscard]] std::string to_json(const Scale& scale, const Machine& machine) const;
  /// A bar for each arm: the median of the first column, with its least and most.
  [[nodiscard]] std::string to_svg() const;

 private:
  Shape shape_;
  std::vector<std::vector<Measures>> runs_;  ///< by arm
};

/// 1234567 as "1 234 567".
[[nodiscard]] std::string grouped(double value, int decimals);

}  // namespace outbox_relay::bench
