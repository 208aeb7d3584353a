#include <iostream>

#include "cli/build_info.h"
#include "cli/commands.h"
#include "cli/exit_code.h"

namespace outbox_relay::cli {
namespace {

void print(std::string_view name, const LibraryVersion& version) {
  std::cout << name << ' ' << version.running << " (built with " << version.built_with << ")\n";
}

}  // namespace

int version() {
  std::cout << "outbox-relay " << program_version() << " (revision " << program_revision() << ")\n";
  print("librdkafka", librdkafka_version());
  print("libpq", libpq_version());
  return exit_done;
}

}  // namespace outbox_relay::cli
