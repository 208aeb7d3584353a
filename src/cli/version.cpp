#include <iostream>

#include "cli/build_info.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "core/failpoint.h"

namespace outbox_relay::cli {
namespace {

void print(std::string_view name, const LibraryVersion& version) {
  std::cout << name << ' ' << version.running << " (built with " << version.built_with << ")\n";
}

}  // namespace

int version() {
  // A program for fault tests must not be taken for one to be shipped.
  const std::string_view kind = core::has_failpoints ? ", with failpoints" : "";
  std::cout << "outbox-relay " << program_version() << " (revision " << program_revision() << kind << ")\n";
  print("librdkafka", librdkafka_version());
  print("libpq", libpq_version());
  return exit_done;
}

}  // namespace outbox_relay::cli
