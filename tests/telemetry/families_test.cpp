#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "support/catch.h"
#include "support/process.h"
#include "telemetry/observed.h"

using namespace outbox_relay;
using namespace outbox_relay::telemetry;

namespace {

/// Name to type, from the TYPE lines.
std::map<std::string, std::string> families(const std::string& metrics) {
  std::map<std::string, std::string> found;
  std::istringstream text(metrics);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string hash, keyword, name, type;
    words >> hash >> keyword >> name >> type;
    if (hash == "#" && keyword == "TYPE") found.emplace(name, type);
  }
  return found;
}

/// The values of `label` among the series of a family.
std::set<std::string> label_values(const std::string& metrics, const std::string& family,
                                   const std::string& label) {
  std::set<std::string> found;
  std::istringstream text(metrics);
  for (std::string line; std::getline(text, line);) {
    const auto at = line.find(label + "=\"");
    if (!line.starts_with(family + "{") || at == std::string::npos) continue;
    const auto begin = at + label.size() + 2;
    found.insert(line.substr(begin, line.find('"', begin) - begin));
  }
  return found;
}

/// Writes, runs promtool over it, and removes it.
testing::Finished promtool_check(const std::string& metrics) {
  const auto path =
      std::filesystem::temp_directory_path() / ("outbox-relay-metrics-" + std::to_string(getpid()));
  std::ofstream(path) << metrics;
  auto finished = testing::run({"sh", "-c", "promtool check metrics < \"$1\"", "sh", path.string()});
  std::filesystem::remove(path);
  return finished;
}

const std::set<std::string> reasons{
    "connection", "timeout",   "conflict",        "read_only", "authentication",    "authorization",
    "missing",    "resources", "not_in_sync",     "too_large", "invalid_record",    "invalid_topic",
    "producer",   "false_ack", "invalid_headers", "other",     "invalid_partition",
};

}  // namespace

TEST_CASE("the families are those of the contract that have a meaning in this version", "[families]") {
  Observed observed;
  const std::map<std::string, std::string> contract{
      {"outbox_relay_build_info", "gauge"},
      {"outbox_relay_rows_fetched_total", "counter"},
      {"outbox_relay_records_published_total", "counter"},
      {"outbox_relay_rows_completed_total", "counter"},
      {"outbox_relay_published_bytes_total", "counter"},
      {"outbox_relay_rows_parked_total", "counter"},
      {"outbox_relay_rows_dead_lettered_total", "counter"},
      {"outbox_relay_rows_requeued_total", "counter"},
      {"outbox_relay_rows_expired_total", "counter"},
      {"outbox_relay_late_rows_total", "counter"},
      {"outbox_relay_records_redelivered_total", "counter"},
      {"outbox_relay_records_replayed_total", "counter"},
      {"outbox_relay_fetch_failures_total", "counter"},
      {"outbox_relay_publish_failures_total", "counter"},
      {"outbox_relay_complete_failures_total", "counter"},
      {"outbox_relay_expire_failures_total", "counter"},
      {"outbox_relay_polls_total", "counter"},
      {"outbox_relay_connections_opened_total", "counter"},
      {"outbox_relay_producers_created_total", "counter"},
      {"outbox_relay_backlog_rows", "gauge"},
      {"outbox_relay_backlog_oldest_timestamp_seconds", "gauge"},
      {"outbox_relay_parked_rows", "gauge"},
      {"outbox_relay_held_rows", "gauge"},
      {"outbox_relay_held_topics", "gauge"},
      {"outbox_relay_in_flight_rows", "gauge"},
      {"outbox_relay_in_flight_bytes", "gauge"},
      {"outbox_relay_in_flight_limit_rows", "gauge"},
      {"outbox_relay_in_flight_limit_bytes", "gauge"},
      {"outbox_relay_last_poll_timestamp_seconds", "gauge"},
      {"outbox_relay_last_ack_timestamp_seconds", "gauge"},
      {"outbox_relay_last_completion_timestamp_seconds", "gauge"},
      {"outbox_relay_state", "gauge"},
      {"outbox_relay_leader", "gauge"},
      {"outbox_relay_publish_duration_seconds", "histogram"},
      {"outbox_relay_end_to_end_duration_seconds", "histogram"},
      {"outbox_relay_query_duration_seconds", "histogram"},
      {"outbox_relay_page_rows", "histogram"},
      {"outbox_relay_table_dead_rows", "gauge"},
      {"outbox_relay_oldest_snapshot_age_seconds", "gauge"},
      {"outbox_relay_config_last_reload_successful", "gauge"},
      {"outbox_relay_config_last_reload_success_timestamp_seconds", "gauge"},
      {"outbox_relay_log_messages_total", "counter"},
      {"outbox_relay_log_messages_suppressed_total", "counter"},
      {"process_cpu_seconds_total", "counter"},
      {"process_resident_memory_bytes", "gauge"},
      {"process_virtual_memory_bytes", "gauge"},
      {"process_open_fds", "gauge"},
      {"process_max_fds", "gauge"},
      {"process_threads", "gauge"},
      {"process_start_time_seconds", "gauge"},
  };
  CHECK(families(observed.telemetry.render()) == contract);
}

TEST_CASE("every series exists from the start", "[families]") {
  Observed observed;
  const auto metrics = observed.telemetry.render();
  for (const std::string family : {"fetch_failures", "publish_failures", "complete_failures",
                                   "expire_failures", "rows_parked", "rows_dead_lettered"}) {
    CHECK(label_values(metrics, "outbox_relay_" + family + "_total", "reason") == reasons);
  }
  CHECK(label_values(metrics, "outbox_relay_polls_total", "cause") ==
        std::set<std::string>{"timer", "full_page", "notification", "wake"});
  CHECK(label_values(metrics, "outbox_relay_connections_opened_total", "purpose") ==
        std::set<std::string>{"fetch", "complete", "control"});
  CHECK(label_values(metrics, "outbox_relay_state", "state") ==
        std::set<std::string>{"starting", "standby", "relaying", "idle", "backing_off",
                              "waiting_for_operator", "halted", "draining"});
  CHECK(label_values(metrics, "outbox_relay_query_duration_seconds_count", "query") ==
        std::set<std::string>{"fetch", "survey", "flush_position", "find_released", "complete", "park",
                              "save_watermark", "lead", "sample", "expire"});
  CHECK(label_values(metrics, "outbox_relay_log_messages_total", "level") ==
        std::set<std::string>{"debug", "info", "warn", "error"});
}

TEST_CASE("all families but those of the process carry the outbox", "[families]") {
  Observed observed;
  observed.telemetry.add_outbox({.name = "payments", .limit_rows = 1, .limit_bytes = {1}, .health = {}});
  const auto metrics = observed.telemetry.render();
  const std::set<std::string> of_the_process{"outbox_relay_build_info", "outbox_relay_log_messages_total",
                                             "outbox_relay_log_messages_suppressed_total"};
  for (const auto& [name, type] : families(metrics)) {
    if (of_the_process.contains(name) || name.starts_with("process_") ||
        name.find("config_last") != std::string::npos) {
      continue;
    }
    INFO(name);
    CHECK(label_values(metrics, type == "histogram" ? name + "_count" : name, "outbox") ==
          std::set<std::string>{"orders", "payments"});
  }
}

TEST_CASE("promtool finds nothing to complain about", "[families]") {
  if (testing::run({"promtool", "--version"}).code != 0) {
    WARN("promtool is not installed: not checked");
    return;
  }
  Observed observed;
  const auto checked = promtool_check(observed.telemetry.render());
  CHECK(checked.output + checked.errors == "");
  CHECK(checked.code == 0);
}
