#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>

#include <sstream>
#include <string>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "core/failpoint.h"
#include "support/catch.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

TEST_CASE("version names the relay and the libraries it runs with", "[cli]") {
  const auto done = run_program({"version"});
  CHECK(done.errors == "");
  CHECK(done.code == exit_done);

  std::istringstream lines(done.output);
  std::string line;
  std::getline(lines, line);
  CHECK(line.starts_with("outbox-relay " OUTBOX_RELAY_VERSION " (revision "));
  CHECK(line.ends_with(", with failpoints)") == outbox_relay::core::has_failpoints);
  std::getline(lines, line);
  CHECK(line.starts_with(std::string("librdkafka ") + rd_kafka_version_str() + " (built with "));
  std::getline(lines, line);
  const std::string libpq =
      std::to_string(PQlibVersion() / 10000) + '.' + std::to_string(PQlibVersion() % 10000);
  CHECK(line.starts_with("libpq " + libpq + " (built with "));
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("--version is one line", "[cli]") {
  const auto done = run_program({"--version"});
  CHECK(done.output == "outbox-relay " OUTBOX_RELAY_VERSION "\n");
  CHECK(done.code == exit_done);
}
