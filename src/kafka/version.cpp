#include "kafka/version.h"

#include <librdkafka/rdkafka.h>

namespace outbox_relay::kafka {
namespace {

constexpr Version fixes_fatal_bounces = 0x02030000;
constexpr Version fixes_scram_nonce = 0x02060100;

}  // namespace

Version library_version() {
  return rd_kafka_version();
}

std::string to_string(Version version) {
  const auto part = [version](int shift) { return std::to_string((version >> shift) & 0xff); };
  return part(24) + '.' + part(16) + '.' + part(8);
}

std::optional<std::string> version_warning(Version version) {
  if (version >= fixes_fatal_bounces) return std::nullopt;
  return "librdkafka " + to_string(version) +
         " turns an ordinary restart of a broker into a fatal producer error now and then (its issue 4438, "
         "fixed in " +
         to_string(fixes_fatal_bounces) + "); the relay makes a new producer then and goes on";
}

bool can_log_in_to_kafka_4_with_scram(Version version) {
  return version >= fixes_scram_nonce;
}

}  // namespace outbox_relay::kafka
