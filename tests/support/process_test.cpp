#include "support/process.h"

#include <csignal>

#include "support/catch.h"
#include "support/eventually.h"

namespace outbox_relay::testing {
namespace {

bool exists(const std::string& pid) {
  return ::kill(std::stoi(pid), 0) == 0;
}

TEST_CASE("a process's exit code and both outputs are collected", "[process]") {
  const auto finished = run({"sh", "-c", "echo out; echo err >&2; exit 3"});
  CHECK(finished.code == 3);
  CHECK(finished.output == "out\n");
  CHECK(finished.errors == "err\n");
}

TEST_CASE("output is seen while the process runs, and a signal ends it", "[process]") {
  const Process process{{"sh", "-c", "echo ready; exec sleep 600"}};
  REQUIRE(eventually([&] { return process.output() == "ready\n"; }));
  CHECK(process.is_running());
  CHECK(process.wait(std::chrono::milliseconds{1}) == std::nullopt);
  process.signal(SIGTERM);
  CHECK(process.wait() == 128 + SIGTERM);
  CHECK_FALSE(process.is_running());
}

TEST_CASE("more output than a pipe holds does not block the process", "[process]") {
  CHECK(run({"head", "-c", "3000000", "/dev/zero"}).output.size() == 3'000'000);
}

TEST_CASE("a variable given replaces the inherited one", "[process]") {
  CHECK(run({"sh", "-c", "echo $HOME $NEW"}, {"HOME=/elsewhere", "NEW=1"}).output == "/elsewhere 1\n");
}

TEST_CASE("a program that does not exist is an exit code, not a hang", "[process]") {
  const auto finished = run({"no-such-program"});
  CHECK(finished.code == 127);
  CHECK(finished.errors.find("no-such-program") != std::string::npos);
}

TEST_CASE("a process does not outlive its object", "[process]") {
  std::string pid;
  {
    const Process process{{"sh", "-c", "echo $$; exec sleep 600"}};
    REQUIRE(eventually([&] { return !process.output().empty(); }));
    pid = process.output();
    REQUIRE(exists(pid));
  }
  CHECK_FALSE(exists(pid));
}

}  // namespace
}  // namespace outbox_relay::testing
