#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <random>

namespace outbox_relay::testing {

/// The seeded source of all chance in a test: the same seed makes the same choices.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : generator_{seed} {}

  [[nodiscard]] std::uint64_t number() { return generator_(); }
  /// A number of [low, high].
  template <std::integral Number>
  [[nodiscard]] Number between(Number low, Number high) {
    return low + static_cast<Number>(number() % static_cast<std::uint64_t>(high - low + 1));
  }
  template <typename Rep, typename Period>
  [[nodiscard]] std::chrono::duration<Rep, Period> between(std::chrono::duration<Rep, Period> low,
                                                           std::chrono::duration<Rep, Period> high) {
    return std::chrono::duration<Rep, Period>{between(low.count(), high.count())};
  }
  /// A number of [0, limit); 0 where there is none.
  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : number() % limit; }
  /// A number of [0, 1).
  [[nodiscard]] double fraction() { return static_cast<double>(number() >> 11) * 0x1.0p-53; }
  [[nodiscard]] bool chance(double probability) { return fraction() < probability; }
  [[nodiscard]] std::chrono::microseconds delay(std::int64_t low_us, std::int64_t high_us) {
    return between(std::chrono::microseconds{low_us}, std::chrono::microseconds{high_us});
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace outbox_relay::testing
