#include "cli/database.h"

#include <filesystem>

namespace outbox_relay::testing {

namespace {

std::string next_database() {
  static int number = 0;
  return "outbox_" + std::to_string(++number);
}

}  // namespace

OutboxDatabase::OutboxDatabase() : name_(next_database()) {
  postgres_.create_database(name_);
  for (const char* file : {"outbox.sql", "control.sql", "role.sql"})
    postgres_.execute_file(std::filesystem::path{OUTBOX_RELAY_SQL} / file, name_);
}

std::string OutboxDatabase::configuration(const std::string& outbox_options) const {
  return "postgres: {connection: \"" + postgres_.connection_string("outbox_relay", name_) +
         "\"}\nkafka: {properties: {bootstrap.servers: \"127.0.0.1:1\"}}\n"
         "http: {listen: \"127.0.0.1:0\"}\n"
         "outboxes: [{name: orders, table: public.outbox, topic: t" +
         outbox_options + "}]\n";
}

Finished OutboxDatabase::run(std::vector<std::string> command, const std::string& outbox_options) const {
  const ConfigFile file(configuration(outbox_options));
  command.insert(command.begin() + 1, {"-c", file.path()});
  return run_program(command);
}

}  // namespace outbox_relay::testing
