#pragma once

#include "config/config.h"

namespace outbox_relay::cli {

/// All of the configuration that the work on one outbox depends on: while two are equal, the work that was
/// begun with one goes on under the other.
struct OutboxSettings {
  config::Postgres postgres;
  config::Kafka kafka;
  config::Outbox outbox;

  friend bool operator==(const OutboxSettings&, const OutboxSettings&) = default;
};

}  // namespace outbox_relay::cli
