#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace outbox_relay::postgres {

/// Ends a blocking call on a connection that has had no answer for too long, by shutting its socket down. A
/// server that is frozen still acknowledges what it is sent, so neither TCP's timeouts nor its own would.
///
/// Has a thread of its own, which touches nothing but the socket. One call at a time.
class SocketWatchdog {
 public:
  SocketWatchdog();

  /// The socket must stay open until `disarm`.
  void arm(int socket, std::chrono::milliseconds within);
  void disarm();
  /// Whether it has shut the socket down since it was armed.
  [[nodiscard]] bool has_bitten();

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    int socket;
    Clock::time_point until;
  };

  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<Watched> watched_;  ///< under the mutex
  bool has_bitten_ = false;         ///< under the mutex
  std::jthread thread_;             ///< last, so that it ends before what it uses
};

}  // namespace outbox_relay::postgres
