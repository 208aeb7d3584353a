#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.h"
#include "support/process.h"
#include "support/relay_program.h"
#include "support/servers.h"

namespace outbox_relay::testing {

/// A service with an outbox of its own, as deploy/sql makes it, topics, and a relay as a user runs it.
class Shop {
 public:
  explicit Shop(PostgresServer& postgres = shared_postgres(), KafkaServer& kafka = shared_kafka());

  /// Starts the relay; `outboxes` is the YAML below `outboxes:`, by default the shop's own outbox.
  void start(const std::string& outboxes = "", const RelayProgram::Surroundings& surroundings = {});
  /// The same with other ways to the servers: `servers` is the YAML of the sections `postgres` and `kafka`.
  void start_with(const std::string& servers, const std::string& outboxes = "",
                  const RelayProgram::Surroundings& surroundings = {});
  [[nodiscard]] Process& relay() { return relay_->process(); }
  /// Has the relay read other outboxes, or another configuration, as of RelayProgram.
  [[nodiscard]] bool reload(const std::string& outboxes) {
    return relay_->reload(configuration(servers(), outboxes));
  }
  [[nodiscard]] bool reload_with(const std::string& configuration) { return relay_->reload(configuration); }
  /// The YAML of the sections `postgres` and `kafka`.
  [[nodiscard]] std::string servers() const;
  /// The whole file.
  [[nodiscard]] static std::string configuration(const std::string& servers, const std::string& outboxes);
  /// One more relay with the same configuration, on a port of its own; as after a restart or beside the
  /// first.
  [[nodiscard]] std::unique_ptr<RelayProgram> another_relay() const;
  /// Runs `outbox-relay <command> -c <the relay's configuration> --outbox orders <further>`.
  [[nodiscard]] Finished command(std::vector<std::string> command,
                                 const std::vector<std::string>& further) const;
  [[nodiscard]] std::string log() const { return relay_->log(); }

  void execute(const std::string& sql) const { postgres_.execute(sql, database_); }
  /// For psql, as superuser.
  [[nodiscard]] std::string connection_string() const {
    return postgres_.connection_string("postgres", database_);
  }
  /// For the configuration.
  [[nodiscard]] std::string relay_connection_string() const {
    return postgres_.connection_string("outbox_relay", database_);
  }
  /// A file of deploy/sql.
  void execute_file(const std::string& name) const;
  [[nodiscard]] std::string value(const std::string& sql) const { return postgres_.value(sql, database_); }
  /// Inserts `count` rows, in one transaction, with keys key-0 … key-(`keys` - 1) in turn and numbers as
  /// payloads.
  void insert(int count, int keys = 10) const;
  /// Neither sent nor parked.
  [[nodiscard]] int pending() const;
  /// Waits until nothing is pending. False when that never comes.
  [[nodiscard]] bool is_relayed() const;

  /// The shop's topic, "<database>.invoice".
  [[nodiscard]] std::string topic() const { return database_ + ".invoice"; }
  [[nodiscard]] const std::string& database() const { return database_; }
  [[nodiscard]] KafkaServer& kafka() const { return kafka_; }
  [[nodiscard]] std::vector<ConsumedRecord> records() const { return kafka_.consume_all(topic()); }

  /// As of RelayProgram, `metric_of` for the shop's own outbox: `metric_of("rows_completed_total")`.
  [[nodiscard]] RelayProgram::Answer get(const std::string& path) const { return relay_->get(path); }
  [[nodiscard]] std::optional<double> metric(const std::string& series) const {
    return relay_->metric(series);
  }
  [[nodiscard]] double metric_of(const std::string& family, const std::string& further_labels = "") const {
    return relay_->metric_of("orders", family, further_labels);
  }

 private:
  PostgresServer& postgres_;
  KafkaServer& kafka_;
  std::string database_;
  std::string configuration_;
  std::optional<RelayProgram> relay_;
};

/// The outboxes of an example in config/, for `Shop::start`: what stands below `outboxes:` at its end.
[[nodiscard]] std::string example_outboxes(const std::string& file_name);

/// The outbox of most cases, for `Shop::start`.
[[nodiscard]] std::string orders_outbox(const std::string& topic, const std::string& further_lines = "");

/// Payload numbers by key, in the order of the key's partition, repeats left out: must be ascending.
using NumbersByKey = std::map<std::string, std::vector<int>>;
[[nodiscard]] NumbersByKey numbers_by_key(const std::vector<ConsumedRecord>& records);
[[nodiscard]] bool are_in_order(const NumbersByKey& numbers);
[[nodiscard]] std::size_t rows_in(const NumbersByKey& numbers);

}  // namespace outbox_relay::testing
