#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <memory>

#include "cli/outbox_settings.h"
#include "relay/worker.h"
#include "telemetry/log.h"
#include "telemetry/outbox_telemetry.h"

namespace outbox_relay::cli {

/// Puts a replay together on its thread: an outbox of its own, whose rows are the sent ones that a request
/// names. Its pipeline stops by itself when the request has come to its end, or is another relay's. What is
/// handed in outlives it. Throws as `assemble_outbox`.
[[nodiscard]] std::unique_ptr<relay::Assembly> assemble_replay(const boost::asio::any_io_executor& executor,
                                                               const OutboxSettings& settings,
                                                               std::int64_t request,
                                                               telemetry::OutboxTelemetry& telemetry,
                                                               telemetry::Log& log);

}  // namespace outbox_relay::cli
