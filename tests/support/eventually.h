#pragma once

#include <chrono>
#include <thread>

namespace outbox_relay::testing {

/// Asks again and again until `predicate` is true; false when it never was within `timeout`. The limit is a
/// bound on failure, not an expectation of speed: it is generous, and a test that passes does not spend it.
template <typename Predicate>
[[nodiscard]] bool eventually(Predicate&& predicate,
                              std::chrono::milliseconds timeout = std::chrono::seconds{30}) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    if (predicate()) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

}  // namespace outbox_relay::testing
