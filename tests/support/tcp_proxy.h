#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace outbox_relay::testing {

/// The network between clients and one server, good or bad as told. It knows no protocol.
///
/// Clients of Kafka come to the address that a broker advertises, so it has to be this one:
///
///     TcpProxy network;
///     KafkaServer kafka{1, {"advertised.listeners=CLIENT://" + network.address()}};
///     network.forward_to(kafka.bootstrap());
///
/// Runs on a thread of its own; the functions may be called from any other.
class TcpProxy {
 public:
  enum class Direction { to_server, to_client };
  /// How one direction behaves; the default is as good as the loopback.
  struct Line {
    std::chrono::milliseconds latency{0};
    std::chrono::milliseconds jitter{0};            ///< at most so much is added to the latency
    std::optional<std::size_t> bytes_per_second{};  ///< nothing: as many as go
    /// A black hole: what is sent is kept and nobody is told, new connections are taken and stay silent.
    /// Afterwards everything arrives that was sent, as after a partition that TCP outlived.
    bool is_stalled = false;
  };

  TcpProxy();
  ~TcpProxy();

  /// "127.0.0.1:port", and the port alone.
  [[nodiscard]] const std::string& address() const;
  [[nodiscard]] std::string port() const;
  /// Connections that were made before are closed at once.
  void forward_to(const std::string& address);

  /// For the connections there are, and those to come. Returns when it is so.
  void set(Direction direction, const Line& line);
  void set(const Line& both_ways);
  /// A network that drops nothing and delays nothing, as at the start.
  void mend() { set(Line{}); }
  /// Resets every connection, both ends.
  void cut();
  /// Refuses every new connection from now on, as where nobody listens, and cuts the old ones. For good.
  void disappear();
  /// How many connections were taken so far.
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace outbox_relay::testing
