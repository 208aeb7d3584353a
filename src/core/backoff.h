#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

namespace outbox_relay::core {

/// A random number in [0, 1). Chance comes in by this port, never from a static.
using Random = std::function<double()>;

/// Exponential back-off with jitter and a cap: 100 ms, 200 ms, … each drawn from its upper half, so that
/// relays which lost the same server do not come back all at once.
class Backoff {
 public:
  using Delay = std::chrono::milliseconds;

  explicit Backoff(Random random, Delay first = Delay{100}, Delay cap = Delay{5000})
      : random_(std::move(random)), first_(first), cap_(cap) {}

  /// The delay before the next attempt; each is twice the one before, up to the cap.
  [[nodiscard]] Delay next() {
    current_ = current_ == Delay{0} ? first_ : std::min(current_ * 2, cap_);
    const auto half = current_ / 2;
    return half + Delay{static_cast<Delay::rep>(random_() * static_cast<double>((current_ - half).count()))};
  }
  void reset() { current_ = Delay{0}; }

 private:
  Random random_;
  Delay first_;
  Delay cap_;
  Delay current_{0};
};

}  // namespace outbox_relay::core
