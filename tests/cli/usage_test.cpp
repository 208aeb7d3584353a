#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "support/catch.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

TEST_CASE("every help has examples", "[cli]") {
  const auto arguments = GENERATE(values<std::vector<std::string>>({{"--help"},
                                                                    {"run", "--help"},
                                                                    {"check", "--help"},
                                                                    {"healthcheck", "--help"},
                                                                    {"version", "--help"}}));
  CAPTURE(arguments);
  const auto done = run_program(arguments);
  CHECK(done.errors == "");
  CHECK(done.output.find("Example") != std::string::npos);
  CHECK(done.output.find("outbox-relay " + (arguments.size() > 1 ? arguments[0] : "run")) !=
        std::string::npos);
  CHECK(done.code == exit_done);
}

TEST_CASE("without a command the help goes to standard error", "[cli]") {
  const auto done = run_program({});
  CHECK(done.output == "");
  CHECK(done.errors.find("Examples:") != std::string::npos);
  CHECK(done.code == exit_usage);
}

TEST_CASE("a wrong command line is explained and exits with 2", "[cli]") {
  const auto [arguments, said] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"chekc"},
       "outbox-relay: unknown command `chekc` (did you mean `check`?)\n"
       "  hint: `outbox-relay --help` lists the commands\n"},
      {{"frobnicate"},
       "outbox-relay: unknown command `frobnicate`\n  hint: `outbox-relay --help` lists the commands\n"},
      {{"check"}, "outbox-relay: --config is required\n  hint: `outbox-relay check --help`\n"},
      {{"run"}, "outbox-relay: --config is required\n  hint: `outbox-relay run --help`\n"},
      {{"check", "-c", "relay.yaml", "--connect"},
       "outbox-relay: The following argument was not expected: --connect\n  hint: `outbox-relay check "
       "--help`\n"},
      {{"healthcheck", "--url", "x", "-c", "y"},
       "outbox-relay: --url excludes --config\n  hint: `outbox-relay healthcheck --help`\n"},
      {{"healthcheck", "--timeout", "5"},
       "outbox-relay: --timeout: 5 needs a unit: ms, s, m, h or d\n  hint: `outbox-relay healthcheck "
       "--help`\n"},
  }));
  CAPTURE(arguments);
  const auto done = run_program(arguments);
  CHECK(done.output == "");
  CHECK(done.errors == said);
  CHECK(done.code == exit_usage);
}
