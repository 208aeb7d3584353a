#include <string>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "support/catch.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

namespace {

constexpr std::string_view right = R"(postgres: {connection: "host=db user=relay"}
kafka: {properties: {bootstrap.servers: "${KAFKA_BROKERS}"}}
outboxes:
  - {name: orders, table: public.outbox, topic: "orders.{aggregatetype}"}
  - {name: audit, table: '"Audit"."Events"', topic: audit, completion: delete}
)";

}  // namespace

TEST_CASE("check says what a right configuration does", "[cli]") {
  const ConfigFile file(right);
  const auto done = run_program({"check", "-c", file.path()}, {"KAFKA_BROKERS=k:9092"});
  CHECK(done.errors == "");
  CHECK(done.output ==
        file.path() + ": ok\n" +
            "outbox orders: rows of public.outbox go to orders.{aggregatetype} and are marked\n"
            "outbox audit: rows of \"Audit\".\"Events\" go to audit and are deleted\n");
  CHECK(done.code == exit_done);
}

TEST_CASE("check reports all problems on standard output and exits with 78", "[cli]") {
  const ConfigFile file(right);
  const auto done = run_program({"check", "-c", file.path()}, {"KAFKA_BROKERS="});
  CHECK(done.errors == "");
  CHECK(done.output == file.path() + R"(:2:41: `bootstrap.servers` is empty
    kafka: {properties: {bootstrap.servers: "${KAFKA_BROKERS}"}}
                                            ^
)");
  CHECK(done.code == exit_configuration);
}

TEST_CASE("check says why a file cannot be read", "[cli]") {
  const auto missing = run_program({"check", "-c", "/nowhere/relay.yaml"});
  CHECK(missing.output == "/nowhere/relay.yaml: cannot be read: No such file or directory\n");
  CHECK(missing.code == exit_configuration);
  const auto directory = run_program({"check", "-c", "/"});
  CHECK(directory.output == "/: cannot be read: it is a directory\n");
  CHECK(directory.code == exit_configuration);
}

TEST_CASE("every example passes check with KAFKA_BROKERS and PGPASSWORD set", "[cli]") {
  for (const auto& entry : std::filesystem::directory_iterator(OUTBOX_RELAY_CONFIG)) {
    if (entry.path().extension() != ".yaml") continue;
    const auto done =
        run_program({"check", "-c", entry.path().string()}, {"KAFKA_BROKERS=k:9092", "PGPASSWORD=p"});
    CHECK(done.output.starts_with(entry.path().string() + ": ok\n"));
    CHECK(done.code == exit_done);
  }
}

TEST_CASE("check fails when its findings cannot be written", "[cli]") {
  const ConfigFile file(right);
  const auto done = run(
      {"/bin/sh", "-c", "KAFKA_BROKERS=k " OUTBOX_RELAY_BINARY " check -c " + file.path() + " > /dev/full"});
  CHECK(done.errors == "outbox-relay: standard output cannot be written\n");
  CHECK(done.code == exit_unexpected);
}
