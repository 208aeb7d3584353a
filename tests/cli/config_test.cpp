#include <fstream>
#include <iterator>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "support/catch.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

TEST_CASE("the printed defaults pass check", "[cli][config]") {
  const auto defaults = run_program({"config", "defaults"});
  CHECK(defaults.errors == "");
  CHECK(defaults.code == exit_done);
  const ConfigFile file(defaults.output);
  const auto checked = run_program({"check", "-c", file.path()});
  CHECK(checked.output ==
        file.path() +
            ": ok\noutbox orders: rows of public.outbox go to orders.{aggregatetype} and are marked\n");
}

TEST_CASE("config schema prints the committed schema", "[cli][config]") {
  std::ifstream file(OUTBOX_RELAY_CONFIG "/outbox-relay.schema.json", std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto done = run_program({"config", "schema"});
  CHECK(done.output == committed);
  CHECK(done.code == exit_done);
}

TEST_CASE("config show shows every part of a connection but its secrets", "[cli][config]") {
  const auto [connection, shown] = GENERATE(table<std::string, std::string>({
      {"host=db port=5433 user=relay password=canary sslmode=verify-full sslpassword=canary",
       "user=relay password=<redacted> host=db port=5433 sslmode=verify-full "
       "target_session_attrs=read-write"},
      {"postgresql://relay:canary@db/shop?options=-c%20a.b%3Dcanary",
       "user=relay password=<redacted> dbname=shop host=db target_session_attrs=read-write"},
      {"postgresql://relay:x@canary@db/shop", "<redacted>"},
      {"postgresql://relay:x/canary@db/shop", "<redacted>"},
  }));
  CAPTURE(connection);
  const ConfigFile secret("canary\n");
  const ConfigFile file(
      "postgres: {connection: \"${CONNECTION}\"}\n"
      "kafka:\n"
      "  properties: {bootstrap.servers: k, ssl.key.pem: canary, ssl.keystore.password: canary}\n"
      "  sasl_password_file: " +
      secret.path() + "\n" + "outboxes: [{name: orders, table: public.outbox, topic: t}]\n");
  const auto done = run_program({"config", "show", "-c", file.path()}, {"CONNECTION=" + connection});
  CHECK(done.errors == "");
  CHECK(done.code == exit_done);
  CHECK(done.output.find("canary") == std::string::npos);
  CHECK(done.output.find("  connection: \"" + shown + "\"\n") != std::string::npos);
  CHECK(done.output.find("  sasl_password_file: " + secret.path() + "\n") != std::string::npos);
}

TEST_CASE("config show says what is wrong with a file", "[cli][config]") {
  const ConfigFile file("postgres: 1\n");
  const auto done = run_program({"config", "show", "-c", file.path()});
  CHECK(done.output == "");
  CHECK(done.errors.find("`postgres` needs a mapping of options") != std::string::npos);
  CHECK(done.code == exit_configuration);
}
