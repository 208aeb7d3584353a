#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace outbox_relay::testing {

/// The seeded source of all chance in a test: the same seed makes the same choices.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : generator_{seed} {}

  [[nodiscard]] std::uint64_t number() { return generator_(); }
  /// A number of [low, high].
  [[nodiscard]] int between(int low, int high) {
    return low + static_cast<int>(number() % static_cast<std::uint64_t>(high - low + 1));
  }
  [[nodiscard]] bool chance(double probability) {
    return static_cast<double>(number() >> 11) * 0x1.0p-53 < probability;
  }
  [[nodiscard]] std::chrono::milliseconds between(std::chrono::milliseconds low,
                                                  std::chrono::milliseconds high) {
    return std::chrono::milliseconds{between(static_cast<int>(low.count()), static_cast<int>(high.count()))};
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace outbox_relay::testing
