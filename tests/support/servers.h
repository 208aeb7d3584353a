// The real servers of a test program.
#pragma once

#include "support/kafka_server.h"
#include "support/postgres_server.h"

namespace outbox_relay::testing {

/// One server of each kind for all cases of a test program: started by the first call, stopped at exit. Cases
/// that stop servers or change their settings make their own instead.
inline PostgresServer& shared_postgres() {
  static PostgresServer server;
  return server;
}
inline KafkaServer& shared_kafka() {
  static KafkaServer server;
  return server;
}

}  // namespace outbox_relay::testing
