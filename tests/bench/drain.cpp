#include "drain.h"

#include <chrono>
#include <optional>
#include <stdexcept>

#include "connection.h"
#include "meter.h"
#include "support/eventually.h"

namespace outbox_relay::bench {
namespace {

using Clock = Passage::Clock;

constexpr double rows_per_page = page_rows;
constexpr int largest_record = 20'000'000;
constexpr int tenths = 10;

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

Measures measure(Lab& lab, const Drain& drain, const Databases::Copy& copy, const Topic& topic,
                 const Stretch& stretch, Passage& passage) {
  std::optional<Connection> snapshot;
  if (drain.behind_snapshot) {
    snapshot.emplace(copy.watching_connection());
    snapshot->execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
  }
  lab.databases.forget_queries();
  const Meter meter{lab};
  const auto started = Clock::now();
  Running running{drain.contender, job_for(lab, drain, copy, topic)};
  passage = watch(copy.watching_connection(), {stretch}, running).front();
  Measures measures = meter.read(running, drain.backlog.rows);
  running.finish();
  snapshot.reset();
  check_drained(stretch, drain.completion, copy, topic);
  const auto rows = static_cast<double>(drain.backlog.rows);
  measures["rows_per_second"] = rows / seconds_between(passage.begin, passage.end());
  measures["rows_per_second_from_start"] = rows / seconds_between(started, passage.end());
  if (drain.completion == Completion::mark) measures["hot_ratio"] = hot_ratio(copy, drain.backlog.rows);
  measures["queries_per_page"] = lab.databases.queries() / (rows / rows_per_page);
  return measures;
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
  const Topic topic{lab.broker, drain.backlog.large_rows > 0 ? largest_record : 0};
  Passage passage;
  const Stretch stretch{.rows = static_cast<std::int64_t>(drain.backlog.rows)};
  return measure(lab, drain, copy, topic, stretch, passage);
}

Measures run_large_drain(Lab& lab, const Drain& drain) {
  const Databases::Copy database{lab.databases, drain.backlog, Databases::Unique{}};
  const Topic topic{lab.broker};
  Passage passage;
  const Stretch stretch{.rows = static_cast<std::int64_t>(drain.backlog.rows), .parts = tenths};
  Measures measures = measure(lab, drain, database, topic, stretch, passage);
  const double rows = static_cast<double>(drain.backlog.rows) / tenths;
  const auto& parts = passage.parts;
  const double first = rows / seconds_between(passage.begin, parts.front());
  const double last = rows / seconds_between(parts[tenths - 2], parts.back());
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
