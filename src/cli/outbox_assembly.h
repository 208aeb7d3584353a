#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>

#include "cli/outbox_settings.h"
#include "relay/worker.h"
#include "telemetry/log.h"
#include "telemetry/outbox_telemetry.h"

namespace outbox_relay::cli {

/// Somebody has requested a replay of the outbox, and no relay works on it. Called on the sampler's thread,
/// again and again until one does.
using ReplayRequested = std::function<void(std::int64_t request)>;

/// Puts one outbox together on its pipeline's thread: PostgreSQL on one side, Kafka on the other, the
/// pipeline between them, and the sampler beside it. What is handed in outlives it. Throws
/// `core::FailureError` when librdkafka refuses the settings, or a secret cannot be read.
[[nodiscard]] std::unique_ptr<relay::Assembly> assemble_outbox(boost::asio::any_io_executor executor,
                                                               const OutboxSettings& settings,
                                                               telemetry::OutboxTelemetry& telemetry,
                                                               telemetry::Log& log,
                                                               ReplayRequested replay_requested);

}  // namespace outbox_relay::cli
