#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace outbox_relay::testing {

/// Stands between a producer and a broker, lets everything through, and answers single Produce requests in
/// the broker's place, which then never sees them. This is how a broker that refuses a batch for a while
/// looks from outside.
///
/// Clients come to the address that a broker advertises, so it has to be this one:
///
///     KafkaProxy proxy;
///     KafkaServer kafka{1, {"advertised.listeners=CLIENT://" + proxy.address()}};
///     proxy.forward_to(kafka.bootstrap());
///
/// Runs on a thread of its own; the functions may be called from any other.
class KafkaProxy {
 public:
  KafkaProxy();
  ~KafkaProxy();

  /// "127.0.0.1:port"
  [[nodiscard]] const std::string& address() const;
  /// Connections that are made before are closed at once.
  void forward_to(const std::string& address);
  /// The next Produce request of at least so many records, whoever sends it, is answered with this error code
  /// for its partition: as soon as the client has sent one more, or after a while.
  void refuse_next_produce(std::int16_t error_code, std::int32_t least_records = 1);
  /// So is each Produce request that holds these bytes, from now on; no bytes: none any more. The producer
  /// must not compress.
  void refuse_produce_with(const std::string& bytes, std::int16_t error_code);
  /// How many requests were kept from the broker so far, answered already or not yet.
  [[nodiscard]] int caught() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace outbox_relay::testing
