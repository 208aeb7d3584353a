#include "drain.h"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>

#include "connection.h"
#include "processes.h"
#include "support/eventually.h"

namespace outbox_relay::bench {
namespace {

using Clock = std::chrono::steady_clock;
using postgres::Query;

constexpr std::chrono::milliseconds watch_interval{5};
constexpr std::chrono::minutes longest_drain{10};
constexpr double page_rows = 1000;
constexpr int largest_record = 20'000'000;
constexpr std::int64_t first_rows = 1000;
/// More than may be in flight: behind the last row that is completed, none of the others is further away.
constexpr std::int64_t last_rows = 25'000;

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

/// Looks at a backlog from a connection of its own. Ids are 1 to `rows`.
class Watcher {
 public:
  Watcher(const std::string& connection, std::size_t rows)
      : connection_(connection), rows_(static_cast<std::int64_t>(rows)) {}

  void await_first(const Running& running) {
    await(running,
          [this] { return pending_between(1, std::min(first_rows, rows_)) < std::min(first_rows, rows_); });
  }
  void await_last(const Running& running) {
    await(running, [this] { return pending_between(rows_, rows_) == 0; });
    await(running, [this] { return pending_between(rows_ - last_rows, rows_) == 0; });
  }

 private:
  std::int64_t pending_between(std::int64_t low, std::int64_t high) {
    Query query{"SELECT count(*) FROM public.outbox WHERE id BETWEEN $1 AND $2 AND sent_at IS NULL"};
    query.bigint(low).bigint(high);
    return connection_.run(query).bigint(0, 0);
  }

  template <typename Fact>
  static void await(const Running& running, Fact fact) {
    for (const auto deadline = Clock::now() + longest_drain; !fact();) {
      running.check();
      if (Clock::now() > deadline) throw std::runtime_error("not drained in time");
      std::this_thread::sleep_for(watch_interval);
    }
  }

  Connection connection_;
  std::int64_t rows_;
};

/// What the servers have used so far.
struct ServerUse {
  explicit ServerUse(const Lab& lab)
      : postgres_cpu(cpu_seconds_with_children(lab.databases.process())),
        kafka_cpu(cpu_seconds(lab.broker.process())),
        log_bytes(lab.databases.log_bytes()),
        full_page_images(lab.databases.full_page_images()) {}

  double postgres_cpu;
  double kafka_cpu;
  double log_bytes;
  double full_page_images;
};

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

void check_result(const Drain& drain, const Databases::Copy& copy, const Topic& topic) {
  const auto rows = static_cast<std::int64_t>(drain.backlog.rows);
  const bool marks = drain.completion == Completion::mark;
  const auto in_table = copy.number("SELECT count(*) FROM outbox");
  require(in_table == (marks ? static_cast<double>(rows) : 0), "the table holds other rows than it should");
  require(copy.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == "0", "rows are pending");
  require(topic.records() == rows, "the topic holds " + std::to_string(topic.records()) + " records");
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

}  // namespace

Measures run_drain(Lab& lab, const Drain& drain) {
  const Databases::Copy copy{lab.databases, drain.backlog};
  const Topic topic{lab.broker, drain.backlog.large_rows > 0 ? largest_record : 0};
  std::optional<Connection> snapshot;
  if (drain.behind_snapshot) {
    snapshot.emplace(copy.watching_connection());
    snapshot->execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class");
  }
  Watcher watcher{copy.watching_connection(), drain.backlog.rows};
  lab.databases.forget_queries();
  const ServerUse before{lab};
  const auto started = Clock::now();
  Running running{drain.contender, job_for(lab, drain, copy, topic)};
  watcher.await_first(running);
  const auto first = Clock::now();
  watcher.await_last(running);
  const auto last = Clock::now();
  const ServerUse after{lab};
  const auto rows = static_cast<double>(drain.backlog.rows);
  const auto us_per_row = [rows](double seconds) { return seconds * 1e6 / rows; };
  Measures measures{{"rows_per_second", rows / seconds_between(first, last)},
                    {"rows_per_second_from_start", rows / seconds_between(started, last)},
                    {"cpu_us_per_row", us_per_row(cpu_seconds(running.process().id()))},
                    {"postgres_cpu_us_per_row", us_per_row(after.postgres_cpu - before.postgres_cpu)},
                    {"kafka_cpu_us_per_row", us_per_row(after.kafka_cpu - before.kafka_cpu)},
                    {"peak_memory_mib", peak_memory_mib(running.process().id())},
                    {"wal_bytes_per_row", (after.log_bytes - before.log_bytes) / rows},
                    {"full_page_images_per_row", (after.full_page_images - before.full_page_images) / rows}};
  running.finish();
  snapshot.reset();
  check_result(drain, copy, topic);
  if (drain.completion == Completion::mark) measures["hot_ratio"] = hot_ratio(copy, drain.backlog.rows);
  measures["queries_per_page"] = lab.databases.queries() / (rows / page_rows);
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
