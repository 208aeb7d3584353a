#include "shop.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace outbox_relay::testing {

namespace {

std::string next_name() {
  static int number = 0;
  return "shop_" + std::to_string(++number);
}

}  // namespace

std::string orders_outbox(const std::string& topic, const std::string& further_lines) {
  return "  - name: orders\n    table: public.outbox\n    topic: \"" + topic + "\"\n" + further_lines;
}

std::string example_outboxes(const std::string& file_name) {
  std::ifstream file{std::filesystem::path{OUTBOX_RELAY_CONFIG} / file_name};
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  static constexpr std::string_view before = "\noutboxes:\n";
  return text.substr(text.find(before) + before.size());
}

Shop::Shop(PostgresServer& postgres, KafkaServer& kafka)
    : postgres_(postgres), kafka_(kafka), database_(next_name()) {
  postgres_.create_database(database_);
  for (const char* file : {"outbox.sql", "control.sql", "role.sql"}) execute_file(file);
  execute("CREATE SEQUENCE numbers");
  kafka_.create_topic(topic(), 4);
}

void Shop::start(const std::string& outboxes, const RelayProgram::Surroundings& surroundings) {
  start_with(servers(), outboxes, surroundings);
}

std::string Shop::servers() const {
  return "postgres:\n  connection: \"" + relay_connection_string() +
         "\"\nkafka:\n  properties:\n    bootstrap.servers: \"" + kafka_.bootstrap() + "\"\n";
}

std::string Shop::configuration(const std::string& servers, const std::string& outboxes) {
  return servers +
         "http: { listen: \"127.0.0.1:0\" }\nlog: { format: logfmt, level: \"${LOG_LEVEL:-info}\" "
         "}\noutboxes:\n" +
         outboxes;
}

void Shop::start_with(const std::string& servers, const std::string& outboxes,
                      const RelayProgram::Surroundings& surroundings) {
  configuration_ =
      configuration(servers, outboxes.empty() ? orders_outbox(database_ + ".{aggregatetype}") : outboxes);
  relay_.emplace(OUTBOX_RELAY_PROGRAM, configuration_, surroundings);
}

std::unique_ptr<RelayProgram> Shop::another_relay() const {
  return std::make_unique<RelayProgram>(OUTBOX_RELAY_PROGRAM, configuration_);
}

Finished Shop::command(std::vector<std::string> command, const std::vector<std::string>& further) const {
  command.insert(command.begin(), OUTBOX_RELAY_PROGRAM);
  command.insert(command.end(), {"-c", relay_->config_file().string(), "--outbox", "orders"});
  command.insert(command.end(), further.begin(), further.end());
  return run(command);
}

void Shop::execute_file(const std::string& name) const {
  postgres_.execute_file(std::filesystem::path{OUTBOX_RELAY_SQL} / name, database_);
}

void Shop::insert(int count, int keys) const {
  execute("INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT 'invoice', 'key-' || i % " +
          std::to_string(keys) +
          ", 'Created', convert_to(nextval('numbers')::text, 'UTF8') FROM generate_series(1, " +
          std::to_string(count) + ") i");
}

int Shop::pending() const {
  return std::stoi(value("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND parked_at IS NULL"));
}

bool Shop::is_relayed() const {
  return eventually([this] { return pending() == 0; }, std::chrono::seconds{60});
}

NumbersByKey numbers_by_key(const std::vector<ConsumedRecord>& records) {
  NumbersByKey result;
  std::set<std::string> seen;
  for (const ConsumedRecord& record : records) {
    if (seen.insert(record.headers.at(0).value.value()).second) {
      result[record.key.value()].push_back(std::stoi(record.value.value()));
    }
  }
  return result;
}

bool are_in_order(const NumbersByKey& numbers) {
  return std::ranges::all_of(numbers, [](const auto& key) { return std::ranges::is_sorted(key.second); });
}

std::size_t rows_in(const NumbersByKey& numbers) {
  std::size_t count = 0;
  for (const auto& [key, its_numbers] : numbers) count += its_numbers.size();
  return count;
}

}  // namespace outbox_relay::testing
