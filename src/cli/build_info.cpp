#include "cli/build_info.h"

#include <libpq-fe.h>

#include "kafka/version.h"

// The macros come from CMakeLists.txt.
namespace outbox_relay::cli {

std::string_view program_version() {
  return OUTBOX_RELAY_VERSION;
}

std::string_view program_revision() {
  return OUTBOX_RELAY_REVISION;
}

LibraryVersion librdkafka_version() {
  return {OUTBOX_RELAY_LIBRDKAFKA, kafka::to_string(kafka::library_version())};
}

LibraryVersion libpq_version() {
  const int version = PQlibVersion();  // 150014 is 15.14
  return {OUTBOX_RELAY_LIBPQ, std::to_string(version / 10000) + '.' + std::to_string(version % 10000)};
}

}  // namespace outbox_relay::cli
