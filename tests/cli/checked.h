// What `outbox-relay check --connect` says of real servers.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/program.h"
#include "support/catch.h"
#include "support/servers.h"

namespace outbox_relay::testing {

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

struct Found {
  std::string severity;
  std::string check;
  std::string outbox;
  std::string what;
  std::string fix;
};

/// One run, in JSON.
struct Checked {
  explicit Checked(const std::string& config_file) {
    done = run_program({"check", "--connect", "-c", config_file, "--output", "json"});
    CHECK(done.errors == "");
    const auto report = boost::json::parse(done.output).as_object();
    CHECK(report.at("config").as_string() == config_file);
    CHECK(report.at("connected").as_bool());
    for (const auto& each : report.at("findings").as_array()) {
      const auto text = [&](std::string_view key) {
        const auto& value = each.at(key);
        return value.is_null() ? std::string() : std::string(value.as_string());
      };
      CHECK(text("why") != "");
      found.push_back({text("severity"), text("check"), text("outbox"), text("what"), text("fix")});
    }
    const auto of_severity = [&](std::string_view severity) {
      return std::ranges::count(found, severity, &Found::severity);
    };
    CHECK(report.at("errors").as_int64() == of_severity("error"));
    CHECK(report.at("warnings").as_int64() == of_severity("warning"));
  }

  /// All that is found of one kind.
  [[nodiscard]] std::vector<Found> of(std::string_view check) const {
    std::vector<Found> some;
    std::ranges::copy_if(found, std::back_inserter(some),
                         [&](const Found& each) { return each.check == check; });
    return some;
  }
  /// The only one of its kind; one without content when there is none, or several.
  [[nodiscard]] Found only(std::string_view check) const {
    const auto some = of(check);
    return some.size() == 1 ? some.front() : Found{};
  }

  Finished done;
  std::vector<Found> found;
};

/// A database with an outbox and a role with exactly the grants that it needs, as `outbox-relay sql` makes
/// them.
class CheckedOutbox {
 public:
  explicit CheckedOutbox(const std::string& options = "", const std::string& topic = "checked",
                         PostgresServer& postgres = shared_postgres(),
                         const std::string& bootstrap = shared_kafka().bootstrap())
      : postgres_(postgres),
        database_(next_database()),
        bootstrap_(bootstrap),
        outbox_("name: orders, table: public.outbox, topic: \"" + topic + '"' + options),
        config_(configuration(connection_string())) {
    postgres_.create_database(database_);
    for (const char* kind : {"table", "control", "role"}) {
      const auto sql = run_program({"sql", kind, "-c", config_.path()});
      REQUIRE(sql.code == 0);
      postgres_.execute(sql.output, database_);
    }
  }

  [[nodiscard]] std::string connection_string(const std::string& user = "outbox_relay") const {
    return postgres_.connection_string(user, database_);
  }
  /// The same outbox through another connection, with further lines in its section.
  [[nodiscard]] std::string configuration(const std::string& connection,
                                          const std::string& postgres = "") const {
    return "postgres: {connection: \"" + connection + "\"" + postgres +
           "}\nkafka: {properties: {bootstrap.servers: \"" + bootstrap_ + "\"}}\noutboxes: [{" + outbox_ +
           "}]\n";
  }

  [[nodiscard]] Checked check() const { return Checked{config_.path()}; }
  void execute(const std::string& sql) const { postgres_.execute(sql, database_); }
  [[nodiscard]] std::string value(const std::string& sql) const { return postgres_.value(sql, database_); }
  [[nodiscard]] std::string config_file() const { return config_.path(); }
  [[nodiscard]] const std::string& database() const { return database_; }

 private:
  static std::string next_database() {
    static int number = 0;
    return "check_" + std::to_string(++number);
  }

  PostgresServer& postgres_;
  std::string database_;
  std::string bootstrap_;
  std::string outbox_;
  ConfigFile config_;
};

/// The topic that a `CheckedOutbox` names; made once.
inline void make_topic() {
  static const bool is_made = [] {
    shared_kafka().create_topic("checked");
    return true;
  }();
  REQUIRE(is_made);
}

}  // namespace outbox_relay::testing
