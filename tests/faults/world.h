#pragma once

#include <string>
#include <vector>

#include "support/kafka_proxy.h"
#include "support/servers.h"
#include "support/tcp_proxy.h"

namespace outbox_relay::testing {

/// The servers of a scenario, and the networks between them and the relay. The writers and the harness reach
/// PostgreSQL directly. Several brokers are reached directly by everybody: each would need a network of its
/// own.
struct World {
  struct Options {
    int brokers = 1;
    std::vector<std::string> postgres_settings{};
    std::vector<std::string> kafka_settings{};
  };

  World() : World(Options{}) {}
  explicit World(const Options& options)
      : postgres{options.postgres_settings}, kafka{options.brokers, kafka_settings(options)} {
    to_postgres.forward_to(postgres.host() + ":" + postgres.port());
    if (options.brokers == 1) to_kafka.forward_to(kafka.bootstrap());
  }

  TcpProxy to_postgres;
  TcpProxy to_kafka;
  PostgresServer postgres;
  KafkaServer kafka;

 private:
  [[nodiscard]] std::vector<std::string> kafka_settings(const Options& options) const {
    auto settings = options.kafka_settings;
    if (options.brokers == 1) settings.push_back("advertised.listeners=CLIENT://" + to_kafka.address());
    return settings;
  }
};

/// Its broker refuses Produce requests when told.
struct RefusingWorld : World {
  // Kafka's error codes.
  static constexpr std::int16_t not_enough_replicas = 19;
  static constexpr std::int16_t invalid_record = 87;
  static constexpr std::int16_t unknown_server_error = -1;

  RefusingWorld() {
    refusals.forward_to(kafka.bootstrap());
    to_kafka.forward_to(refusals.address());
  }
  KafkaProxy refusals;
};

/// One for all scenarios that leave the servers themselves alone.
inline World& shared_world() {
  static World world;
  return world;
}

}  // namespace outbox_relay::testing
