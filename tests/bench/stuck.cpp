#include "stuck.h"

#include <algorithm>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "running.h"
#include "support/eventually.h"

namespace outbox_relay::bench {
namespace {

/// Where no broker listens: a port that only privileged programs may open, and none does.
constexpr const char* nobody = "127.0.0.1:1";
/// Two pages are never so far apart.
constexpr std::chrono::milliseconds settled_after{500};

/// One row may be the one below the sent rows, while the relay looks for more above them.
void await_full_window(const Running& running) {
  double before = 0;
  const bool is_full = testing::eventually([&] {
    running.check();
    std::this_thread::sleep_for(settled_after);
    const double now = running.metric("in_flight_rows");
    return now > 1 && now == std::exchange(before, now);
  });
  if (!is_full) throw std::runtime_error("the relay's window does not fill");
}

/// Of sessions that have ended.
double sequential_scans(const Databases::Copy& database) {
  return database.number("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'outbox'");
}

void await_end_of_sessions(const Databases::Copy& database) {
  const bool have_ended = testing::eventually([&database] {
    return database.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'outbox_relay'") == "0";
  });
  if (!have_ended) throw std::runtime_error("sessions of the relay remain");
}

/// Without a sequential scan, which would be taken for the relay's.
double pending_rows(const Databases::Copy& database) {
  return database.number(
      "SET enable_seqscan = off; "
      "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND parked_at IS NULL");
}

std::string first_line(const std::string& text) {
  constexpr std::size_t enough = 120;
  const auto begin = std::min(text.find_first_not_of(" \n"), text.size());
  return text.substr(begin, std::min(text.find('\n', begin) - begin, enough));
}

void leave_first_row(const Databases::Copy& database) {
  database.execute("UPDATE outbox SET sent_at = NULL WHERE id = (SELECT min(id) FROM outbox)");
}

}  // namespace

Measures run_stuck(Lab& lab, const Stuck& stuck) {
  const auto& database = lab.standing(stuck.backlog);
  if (stuck.first_row_is_left) leave_first_row(database);
  const double rows = pending_rows(database);
  const double scans_before = sequential_scans(database);
  Running running{Contender::relay,
                  {.connection = database.connection(),
                   .bootstrap = nobody,
                   .topic = "orders",
                   .relay_options = stuck.relay_options}};
  running.await_lead();
  await_full_window(running);
  lab.databases.forget_queries();
  std::this_thread::sleep_for(stuck.duration);
  const auto slowest = lab.databases.slowest_query();
  Measures measures{{"in_flight_bytes", running.metric("in_flight_bytes")},
                    {"backlog_rows", running.metric("backlog_rows")},
                    {"longest_query_ms", slowest.longest_ms},
                    {"its_mean_ms", slowest.mean_ms},
                    {"queries", lab.databases.queries()}};
  measures["in_flight_share"] = measures["in_flight_bytes"] / running.metric("in_flight_limit_bytes");
  measures["backlog_share"] = measures["backlog_rows"] / rows;
  if (!slowest.text.empty())
    std::cerr << " (the slowest query: " << first_line(slowest.text) << ')' << std::flush;
  running.finish();
  await_end_of_sessions(database);
  measures["sequential_scans"] = sequential_scans(database) - scans_before;
  if (pending_rows(database) != rows) throw std::runtime_error("rows did not stay where they are");
  return measures;
}

}  // namespace outbox_relay::bench
