#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli/command_line.h"

namespace {

// Memory holds payloads and passwords, so no core is left behind. The limit is not enough: where cores go to
// a program (systemd-coredump, apport), it is started all the same. Who may not take a core may not look into
// the process by ptrace or /proc either, root excepted.
void forbid_core_dumps() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace

int main(int count, char** arguments) {
  forbid_core_dumps();
  return outbox_relay::cli::run_command_line(count, arguments);
}
