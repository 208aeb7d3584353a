#pragma once

#include "config/config.h"
#include "core/plan.h"
#include "core/routing.h"
#include "kafka/properties.h"
#include "postgres/settings.h"
#include "telemetry/log.h"
#include "telemetry/outbox_telemetry.h"

// What each module is told, out of the one configuration. Only here do the modules' own settings meet.
namespace outbox_relay::cli {

[[nodiscard]] core::Routing to_routing(const config::Outbox& outbox);
[[nodiscard]] core::PlanSettings to_plan_settings(const config::Outbox& outbox);
[[nodiscard]] postgres::Settings to_postgres_settings(const config::Postgres& server,
                                                      const config::Outbox& outbox);
/// Reads the secret files. Throws `core::FailureError` when one cannot be read.
[[nodiscard]] kafka::ProducerSettings to_producer_settings(const config::Kafka& cluster,
                                                           const config::Outbox& outbox);
[[nodiscard]] telemetry::OutboxOptions to_telemetry_options(const config::Outbox& outbox);
[[nodiscard]] telemetry::LogOptions to_log_options(const config::Log& log);

}  // namespace outbox_relay::cli
