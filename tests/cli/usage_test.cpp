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
                                                                    {"status", "--help"},
                                                                    {"baseline", "--help"},
                                                                    {"replay", "--help"},
                                                                    {"parked", "--help"},
                                                                    {"parked", "list", "--help"},
                                                                    {"parked", "requeue", "--help"},
                                                                    {"parked", "discard", "--help"},
                                                                    {"sql", "--help"},
                                                                    {"sql", "table", "--help"},
                                                                    {"sql", "role", "--help"},
                                                                    {"sql", "control", "--help"},
                                                                    {"sql", "notify", "--help"},
                                                                    {"config", "--help"},
                                                                    {"config", "defaults", "--help"},
                                                                    {"config", "schema", "--help"},
                                                                    {"config", "show", "--help"},
                                                                    {"healthcheck", "--help"},
                                                                    {"version", "--help"}}));
  CAPTURE(arguments);
  const auto done = run_program(arguments);
  CHECK(done.errors == "");
  CHECK(done.output.find("Example") != std::string::npos);
  std::string command = "outbox-relay";
  for (std::size_t at = 0; at + 1 < arguments.size(); ++at) command += ' ' + arguments[at];
  CHECK(done.output.find("\n  " + command) != std::string::npos);
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
      {{"--frobnicate"},
       "outbox-relay: A subcommand is required\n  hint: `outbox-relay "
       "--help`\n"},
      {{"parked"}, "outbox-relay: A subcommand is required\n  hint: `outbox-relay parked --help`\n"},
      {{"parked", "requeu", "--all"},
       "outbox-relay: unknown command `parked requeu` (did you mean `parked requeue`?)\n"
       "  hint: `outbox-relay parked --help` lists the commands\n"},
      {{"parked", "list", "-c", "relay.yaml"},
       "outbox-relay: --outbox is required\n  hint: `outbox-relay parked list --help`\n"},
      {{"parked", "requeue", "-c", "relay.yaml", "--outbox", "orders"},
       "outbox-relay: parked requeue: say which rows: --id, --key, --reason or --all\n"
       "  hint: `outbox-relay parked requeue --help`\n"},
      {{"parked", "discard", "-c", "relay.yaml", "--outbox", "orders", "--dry-run"},
       "outbox-relay: parked discard: say which rows: --id, --key, --reason or --all\n"
       "  hint: `outbox-relay parked discard --help`\n"},
      {{"parked", "discard", "-c", "relay.yaml", "--outbox", "orders", "--id", "1", "--all"},
       "outbox-relay: --id excludes --all\n  hint: `outbox-relay parked discard --help`\n"},
      {{"parked", "list", "-c", "relay.yaml", "--outbox", "orders", "--reason", "to_large"},
       "outbox-relay: --reason: to_large is not one of connection, timeout, conflict, read_only, "
       "authentication, "
       "authorization, missing, resources, not_in_sync, too_large, invalid_record, invalid_topic, "
       "invalid_headers, "
       "invalid_partition, producer, false_ack, other (did you mean too_large?)\n"
       "  hint: `outbox-relay parked list --help`\n"},
      {{"parked", "list", "-c", "relay.yaml", "--outbox", "orders", "--output", "yaml"},
       "outbox-relay: --output: yaml is not one of text, json\n  hint: `outbox-relay parked list --help`\n"},
      {{"parked", "list", "-c", "relay.yaml", "--outbox", "orders", "--dry-run"},
       "outbox-relay: The following argument was not expected: --dry-run\n"
       "  hint: `outbox-relay parked list --help`\n"},
      {{"replay", "-c", "relay.yaml", "--outbox", "orders"},
       "outbox-relay: replay: say which rows: --from and --to\n  hint: `outbox-relay replay --help`\n"},
      {{"replay", "-c", "relay.yaml", "--outbox", "orders", "--from", "1"},
       "outbox-relay: --from requires --to\n  hint: `outbox-relay replay --help`\n"},
      {{"check"}, "outbox-relay: --config is required\n  hint: `outbox-relay check --help`\n"},
      {{"run"}, "outbox-relay: --config is required\n  hint: `outbox-relay run --help`\n"},
      {{"check", "-c", "relay.yaml", "--output", "yaml"},
       "outbox-relay: --output: yaml is not one of text, json\n  hint: `outbox-relay check --help`\n"},
      {{"sql"}, "outbox-relay: A subcommand is required\n  hint: `outbox-relay sql --help`\n"},
      {{"sql", "role", "--outbox", "orders"},
       "outbox-relay: --outbox requires --config\n  hint: `outbox-relay sql role --help`\n"},
      {{"sql", "table", "--preset", "debezum"},
       "outbox-relay: --preset: debezum is not one of outbox_relay, debezium (did you mean debezium?)\n"
       "  hint: `outbox-relay sql table --help`\n"},
      {{"config", "show"}, "outbox-relay: --config is required\n  hint: `outbox-relay config show --help`\n"},
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

TEST_CASE("what cannot be written is no success", "[cli]") {
  const auto arguments = GENERATE(values<std::string>({"--help", "run --help", "--version", "version"}));
  CAPTURE(arguments);
  const auto done = run({"sh", "-c", OUTBOX_RELAY_BINARY " " + arguments + " > /dev/full"});
  CHECK(done.errors == "outbox-relay: standard output cannot be written\n");
  CHECK(done.code == exit_unexpected);
}
