#include "cli/library_log.h"

namespace outbox_relay::cli {

kafka::LogCallback librdkafka_lines(telemetry::Log& log, const std::string& outbox) {
  return [&log, outbox](std::string_view text) { log.say<telemetry::Message::librdkafka>(outbox, text); };
}

std::function<void(std::string_view)> postgresql_lines(telemetry::Log& log, const std::string& outbox) {
  return [&log, outbox](std::string_view text) { log.say<telemetry::Message::postgresql>(outbox, text); };
}

}  // namespace outbox_relay::cli
