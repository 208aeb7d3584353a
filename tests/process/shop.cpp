#include "shop.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

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

Shop::Shop(PostgresServer& postgres, KafkaServer& kafka)
    : postgres_(postgres), kafka_(kafka), database_(next_name()) {
  postgres_.create_database(database_);
  for (const char* file : {"outbox.sql", "control.sql", "role.sql"}) {
    postgres_.execute_file(std::filesystem::path{OUTBOX_RELAY_SQL} / file, database_);
  }
  execute("CREATE SEQUENCE numbers");
  kafka_.create_topic(topic(), 4);
  config_file_ =
      std::filesystem::temp_directory_path() / (database_ + "-" + std::to_string(getpid()) + ".yaml");
}

Shop::~Shop() {
  std::filesystem::remove(config_file_);
}

void Shop::start(const std::string& outboxes) {
  std::ofstream(config_file_) << "postgres:\n"
                              << "  connection: \"" << postgres_.connection_string("outbox_relay", database_)
                              << "\"\n"
                              << "kafka:\n  properties:\n    bootstrap.servers: \"" << kafka_.bootstrap()
                              << "\"\n"
                              << "http: { listen: \"127.0.0.1:0\" }\n"
                              << "log: { format: logfmt }\n"
                              << "outboxes:\n"
                              << (outboxes.empty() ? orders_outbox(database_ + ".{aggregatetype}")
                                                   : outboxes);
  relay_.emplace(std::vector<std::string>{OUTBOX_RELAY_PROGRAM, "run", "-c", config_file_});
}

void Shop::insert(int count, int keys) const {
  execute("INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT 'invoice', 'key-' || i % " +
          std::to_string(keys) +
          ", 'Created', convert_to(nextval('numbers')::text, 'UTF8') FROM generate_series(1, " +
          std::to_string(count) + ") i");
}

int Shop::pending() const {
  return std::stoi(value("SELECT count(*) FROM outbox WHERE sent_at IS NULL"));
}

bool Shop::is_relayed() const {
  return eventually([this] { return pending() == 0; }, std::chrono::seconds{60});
}

std::string Shop::address() const {
  static constexpr std::string_view before = "address=";  // of the line "listening", the first that has one
  const std::string text = log();
  const auto at = text.find(before);
  if (at == std::string::npos) return {};
  const auto begin = at + before.size();
  return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

Shop::Answer Shop::get(const std::string& path) const {
  if (!eventually([this] { return !address().empty() || !relay_->is_running(); })) return {};
  const auto answer = run({"curl", "--silent", "--max-time", "10", "--write-out", "\n%{http_code}",
                           "http://" + address() + path});
  const auto end = answer.output.rfind('\n');
  return {std::stoi(answer.output.substr(end + 1)), answer.output.substr(0, end)};
}

std::optional<double> Shop::metric(const std::string& series) const {
  std::istringstream lines{get("/metrics").body};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return std::nullopt;
}

double Shop::metric_of(const std::string& family, const std::string& further_labels) const {
  const std::string series = "outbox_relay_" + family + "{outbox=\"orders\"" + further_labels + "}";
  const auto found = metric(series);
  if (!found) throw std::runtime_error("no series " + series);
  return *found;
}

std::map<std::string, std::vector<int>> numbers_by_key(const std::vector<ConsumedRecord>& records) {
  std::map<std::string, std::vector<int>> result;
  std::set<std::string> seen;
  for (const ConsumedRecord& record : records) {
    if (seen.insert(record.headers.at(0).value.value()).second) {
      result[record.key.value()].push_back(std::stoi(record.value.value()));
    }
  }
  return result;
}

}  // namespace outbox_relay::testing
