// What must not leave the process: secrets, and memory that holds them.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

namespace {

/// An ordinary user, for a test program that runs as root: the kernel hides nothing from root.
std::vector<std::string> as_anybody() {
  if (::geteuid() != 0) return {};
  return {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
}

/// Who owns /proc/PID: the process's own user, or root when nobody may take its memory (proc(5), prctl(2)).
uid_t owner_of(const Process& process) {
  struct stat status{};
  REQUIRE(::stat(("/proc/" + std::to_string(process.id()) + "/status").c_str(), &status) == 0);
  return status.st_uid;
}

std::string core_limit_of(const Process& process) {
  std::ifstream limits{"/proc/" + std::to_string(process.id()) + "/limits"};
  for (std::string line; std::getline(limits, line);) {
    if (line.starts_with("Max core file size")) return line.substr(0, line.find_last_not_of(' ') + 1);
  }
  return {};
}

}  // namespace

TEST_CASE("nobody gets the relay's memory: no core, and no look into the process", "[secrets]") {
  std::vector<std::string> other = as_anybody();
  other.insert(other.end(), {"sleep", "600"});
  const Process control{other};
  const uid_t anybody = ::geteuid() == 0 ? 65534 : ::geteuid();
  REQUIRE(eventually([&] { return owner_of(control) == anybody; }));

  std::vector<std::string> wrapper = as_anybody();
  wrapper.insert(wrapper.begin(), {"prlimit", "--core=unlimited"});
  Shop shop;
  shop.start("", {.environment = {}, .wrapper = wrapper});
  REQUIRE(eventually([&shop] { return shop.get("/livez").status == 200; }));
  CHECK(owner_of(shop.relay()) == 0);
  CHECK(core_limit_of(shop.relay()) ==
        "Max core file size        0                    0                    bytes");
  CHECK(shop.metric("process_open_fds").value_or(0) > 0);  // its own view of itself stays
}
