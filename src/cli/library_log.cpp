#include "cli/library_log.h"

namespace outbox_relay::cli {

kafka::LogCallback librdkafka_lines(telemetry::Log& log, const std::string& outbox) {
  return [&log, outbox](std::string_view text) {
    log.debug("librdkafka", {{"outbox", outbox}, {"text", text}});
  };
}

std::function<void(std::string_view)> postgresql_lines(telemetry::Log& log, const std::string& outbox) {
  return [&log, outbox](std::string_view text) {
    log.debug("postgresql", {{"outbox", outbox}, {"text", text}});
  };
}

}  // namespace outbox_relay::cli
