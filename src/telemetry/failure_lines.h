#pragma once

#include <string>

#include "core/failure.h"
#include "relay/ports.h"
#include "telemetry/log.h"
#include "telemetry/repeats.h"

namespace outbox_relay::telemetry {

/// The log line of a failure of an outbox, at the level that its remedy asks for. `said` is what the line
/// stands for.
void say_failed(relay::Activity activity, Log& log, const std::string& outbox, const core::Failure& failure,
                const Repeats::Said& said);
/// The line that tells the end of the trouble.
void say_recovered(relay::Activity activity, Log& log, const std::string& outbox, const Repeats::Said& said);

}  // namespace outbox_relay::telemetry
