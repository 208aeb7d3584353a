#pragma once

#include <string>
#include <vector>

#include "cli/program.h"
#include "support/servers.h"

namespace outbox_relay::testing {

/// A database of its own with what deploy/sql makes: the outbox, the control schema, the relay's role.
class OutboxDatabase {
 public:
  OutboxDatabase();

  void execute(const std::string& sql) const { postgres_.execute(sql, name_); }
  [[nodiscard]] std::string value(const std::string& sql) const { return postgres_.value(sql, name_); }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// A configuration for it, of the outbox `orders`. Kafka cannot be reached.
  [[nodiscard]] std::string configuration(const std::string& outbox_options = "") const;
  /// Runs a command with that configuration to its end.
  [[nodiscard]] Finished run(std::vector<std::string> command, const std::string& outbox_options = "") const;

 private:
  PostgresServer& postgres_ = shared_postgres();
  std::string name_;
};

}  // namespace outbox_relay::testing
