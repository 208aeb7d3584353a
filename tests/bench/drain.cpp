#include "drain.h"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include "connection.h"
#include "meter.h"
#include "support/eventually.h"

namespace outbox_relay::bench {
namespace {

using Clock = Passage::Clock;

constexpr int largest_record = 20'000'000;

Job job_for(const Lab& lab, const Drain& drain, const Databases::Copy& copy, const Topic& topic) {
  return {.connection = copy.connection(),
          .bootstrap = lab.broker.bootstrap(),
          .topic = topic.name(),
          .completion = drain.completion,
          .rows = drain.backlog.rows,
          .relay_options = drain.relay_options};
}

void require(bool is_so, const std::string& otherwise) {
  if (!is_so) throw std::runtime_error("this run is not valid: " + otherwise);
}

/// Sessions count their updates when they end, or within a second.
double hot_ratio(const Databases::Copy& copy, std::size_t rows) {
  static_cast<void>(testing::eventually(
      [&] {
        return copy.number("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'outbox'") >=
               static_cast<double>(rows);
      },
      std::chrono::seconds{3}));
  return copy.number(
      "SELECT n_tup_hot_upd::float / n_tup_upd FROM pg_stat_user_tables WHERE relname = 'outbox'");
}

struct Drained {
  Measures measures;
  Passage passage;
};

/// `parts` are those whose ends are noted.
Drained drain_database(Lab& lab, const Drain& drain, const Databases::Copy& copy, int parts) {
  const Topic topic{lab.broker, drain.backlog.large_rows > 0 ? largest_record : 0};
  const Stretch stretch{.rows = static_cast<std::int64_t>(drain.backlog.rows), .parts = parts};
  std::optional<Connection> snapshot;
  if (drain.behind_snapshot) {
    snapshot.emplace(copy.watching_connection());
    snapshot->execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
  }
  const Meter meter{lab};
  const auto started = Clock::now();
  Running running{drain.contender, job_for(lab, drain, copy, topic)};
  const Passage passage = watch(copy.watching_connection(), {stretch}, running).front();
  Measures measures = meter.read(running, drain.backlog.rows);
  running.finish();
  snapshot.reset();
  check_drained(stretch, drain.completion, copy, topic);
  const auto rows = static_cast<double>(drain.backlog.rows);
  measures["rows_per_second"] = rows / seconds_between(passage.begin, passage.end());
  measures["rows_per_second_from_start"] = rows / seconds_between(started, passage.end());
  if (drain.completion == Completion::mark) measures["hot_ratio"] = hot_ratio(copy, drain.backlog.rows);
  measures["queries"] = lab.databases.queries();
  return {std::move(measures), passage};
}

}  // namespace

void check_drained(const Stretch& stretch, Completion completion, const Databases::Copy& database,
                   const Topic& topic) {
  const std::string table = stretch.table + " WHERE id >= " + std::to_string(stretch.first);
  const auto rows = completion == Completion::mark ? stretch.rows : 0;
  require(database.value("SELECT count(*) FROM " + table) == std::to_string(rows),
          stretch.table + " holds other rows than it should");
  require(database.value("SELECT count(*) FROM " + table + " AND sent_at IS NULL") == "0",
          "rows of " + stretch.table + " are pending");
  require(topic.records() == stretch.rows, "the topic holds " + std::to_string(topic.records()) + " records");
}

Measures run_drain(Lab& lab, const Drain& drain) {
  const Databases::Copy copy{lab.databases, drain.backlog};
  return drain_database(lab, drain, copy, 1).measures;
}

Measures run_large_drain(Lab& lab, const Drain& drain) {
  constexpr int tenths = 10;
  const Databases::Copy database{lab.databases, drain.backlog, Databases::Unique{}};
  auto [measures, passage] = drain_database(lab, drain, database, tenths);
  const auto tenth_in = [&drain](Clock::time_point begin, Clock::time_point end) {
    return static_cast<double>(drain.backlog.rows) / tenths / seconds_between(begin, end);
  };
  const double first = tenth_in(passage.begin, passage.parts.front());
  const double last = tenth_in(passage.parts[tenths - 2], passage.end());
  measures["first_tenth_rows_per_second"] = first;
  measures["last_tenth_rows_per_second"] = last;
  measures["last_to_first_tenth"] = last / first;
  return measures;
}

Measures run_end_alone(Lab& lab, const Drain& drain) {
  const Databases::Copy copy{lab.databases, drain.backlog};
  const Topic topic{lab.broker};
  Running running{drain.contender, job_for(lab, drain, copy, topic)};
  const double seconds = std::stod(running.await_line());
  running.finish();
  return {{"rows_per_second", static_cast<double>(drain.backlog.rows) / seconds}};
}

}  // namespace outbox_relay::bench
