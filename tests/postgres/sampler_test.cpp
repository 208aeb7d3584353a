// What is measured beside the data path.
#include "postgres/sampler.h"

#include <atomic>
#include <cmath>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>

#include "fixture.h"
#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::chrono_literals;

namespace {

/// A sampler and what it reported last.
class Sampling {
 public:
  explicit Sampling(const postgres::Settings& settings, std::int64_t watermark = 0)
      : sampler_(settings, 10ms, outlook_, events()) {
    outlook_.watermark = watermark;
  }

  void stand_by() { outlook_.is_standby = true; }

  /// A sample that began after this call.
  postgres::Sample next() {
    const int begun = count_ + 2;
    CHECK(eventually([&] { return count_ >= begun; }));
    const std::lock_guard lock{mutex_};
    return last_;
  }
  [[nodiscard]] int failures() const { return failures_; }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] int timed() const { return timed_; }

 private:
  postgres::Sampler::Events events() {
    postgres::Sampler::Events events;
    events.sampled = [this](const postgres::Sample& sample) {
      const std::lock_guard lock{mutex_};
      last_ = sample;
      ++count_;
    };
    events.failed = [this](const core::Failure&) { ++failures_; };
    events.connection_opened = [this] { ++connections_; };
    events.measured = [this](std::chrono::steady_clock::duration) { ++timed_; };
    return events;
  }

  std::mutex mutex_;
  postgres::Sample last_;
  std::atomic<int> count_ = 0;
  std::atomic<int> failures_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<int> timed_ = 0;
  postgres::Outlook outlook_;
  postgres::Sampler sampler_;
};

}  // namespace

TEST_CASE("the backlog is counted, and its oldest row dated", "[postgres][sampler]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, created_at, sent_at, parked_at) SELECT 'a', 't', "
      "to_timestamp(1000 + i),"
      " CASE WHEN i <= 100 THEN now() END, CASE WHEN i = 101 THEN now() END FROM generate_series(1, 9000) i");
  Sampling sampling{database.settings(), 50};
  const auto sample = sampling.next();
  CHECK(sample.backlog_rows == 8899);
  CHECK(sample.oldest_pending_timestamp_seconds == 1102);
  CHECK(sample.table_dead_rows >= 0);

  database.execute("UPDATE outbox SET sent_at = now()");
  const auto empty = sampling.next();
  CHECK(empty.backlog_rows == 0);
  CHECK(empty.oldest_pending_timestamp_seconds == 0);
  CHECK(sampling.connections() == 1);
}

TEST_CASE("a standby leaves the backlog to the relay that leads, and measures the rest",
          "[postgres][sampler]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('p')");
  Sampling sampling{database.plain_settings()};
  CHECK(sampling.next().backlog_rows == 1);
  sampling.stand_by();
  const auto sample = sampling.next();
  CHECK(std::isnan(sample.backlog_rows));
  CHECK(std::isnan(sample.oldest_pending_timestamp_seconds));
  CHECK(sample.table_dead_rows >= 0);
  CHECK(sampling.timed() >= 2);
}

TEST_CASE("refused rows are counted apart from those behind them", "[postgres][sampler]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, parked_at, last_error) SELECT 'a', 't', now(), CASE WHEN i "
      "<= 3 "
      "THEN 'other: no' WHEN i > 4 THEN 'behind 1' END FROM generate_series(1, 10) i");
  auto settings = database.settings();
  {
    Sampling sampling{settings};
    const auto sample = sampling.next();
    CHECK(sample.parked_rows == 4);
    CHECK(sample.held_rows == 6);
    CHECK(sample.backlog_rows == 0);
    database.execute("UPDATE outbox SET parked_at = NULL");
    const auto empty = sampling.next();
    CHECK(empty.parked_rows == 0);
    CHECK(empty.held_rows == 0);
  }
  SECTION("unknown when the index to find them by is gone") {
    Sampling sampling{settings};
    CHECK(sampling.next().parked_rows == 0);
    database.execute("DROP INDEX outbox_id_idx");
    CHECK(std::isnan(sampling.next().parked_rows));
    CHECK(sampling.failures() == 0);
    return;
  }
  SECTION("unknown without the columns") {
    settings.table.parks = false;
    database.execute("ALTER TABLE outbox DROP last_error");
  }
  Sampling sampling{settings};
  const auto sample = sampling.next();
  CHECK(std::isnan(sample.parked_rows));
  CHECK(std::isnan(sample.held_rows));
  CHECK(sampling.failures() == 0);
}

TEST_CASE("a table that takes the name is measured from then on, not the one that had it",
          "[postgres][sampler]") {
  const Database database;
  database.deploy("outbox.sql");
  Sampling sampling{database.settings()};
  sampling.next();
  database.execute("DROP INDEX outbox_id_idx");
  const auto before = sampling.next();
  CHECK(std::isnan(before.parked_rows));
  CHECK(before.table_dead_rows == 0);
  // In one transaction, so that no measurement ever misses the table, and asks the catalog again.
  database.client()->execute(
      "BEGIN; CREATE TABLE next (LIKE outbox INCLUDING ALL);"
      "CREATE INDEX ON next (id) WHERE parked_at IS NOT NULL;"
      "INSERT INTO next (aggregatetype, type, parked_at) SELECT 'a', 't', now() FROM generate_series(1, 3);"
      "ALTER TABLE outbox RENAME TO former; ALTER TABLE next RENAME TO outbox; COMMIT");
  CHECK(sampling.next().parked_rows == 3);
  database.execute("UPDATE outbox SET type = 'u'");
  CHECK(eventually([&] { return sampling.next().table_dead_rows == 3; }));
  CHECK(sampling.connections() == 1);
}

TEST_CASE("a large backlog is estimated", "[postgres][sampler]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) SELECT 'p' FROM generate_series(1, 30000)");
  Sampling sampling{database.plain_settings()};
  CHECK(sampling.next().backlog_rows == 30000);
  database.execute("DELETE FROM outbox WHERE id % 2 = 0");
  CHECK(std::abs(sampling.next().backlog_rows - 15000) <= 4);
}

TEST_CASE("where the count begins far below what is pending, the oldest row is dated roughly",
          "[postgres][sampler]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, created_at, sent_at) SELECT 'a', 't', to_timestamp(i),"
      " CASE WHEN i <= 90000 THEN now() END FROM generate_series(1, 100000) i");
  Sampling sampling{database.settings(), std::numeric_limits<std::int64_t>::min()};
  const auto sample = sampling.next();
  CHECK(sample.backlog_rows == Approx(10'000).epsilon(0.15));
  CHECK(sample.oldest_pending_timestamp_seconds == Approx(90'001).margin(2000));
}

TEST_CASE("a backlog is found above many sent rows that one pending row keeps above the watermark",
          "[postgres][sampler]") {
  const Database database;
  database.execute(plain_outbox);
  const auto insert = [&database](int rows, const char* sent) {
    database.execute("INSERT INTO outbox (payload, sent_at) SELECT 'p', " + std::string{sent} +
                     " FROM generate_series(1, " + std::to_string(rows) + ")");
  };
  insert(1, "NULL");
  insert(400'000, "now()");
  Sampling sampling{database.plain_settings()};
  CHECK(sampling.next().backlog_rows == 1);
  insert(3, "NULL");
  CHECK(sampling.next().backlog_rows == 4);
  insert(100'000, "NULL");
  CHECK(sampling.next().backlog_rows == Approx(100'004).epsilon(0.15));
}

TEST_CASE("without pg_read_all_stats the age of snapshots is unknown, not zero", "[postgres][sampler]") {
  const Database database;
  database.execute(plain_outbox);
  const std::string role = "sampled_" + database.name();
  database.execute("CREATE ROLE " + role + " LOGIN PASSWORD '" + database.server().password() +
                   "';"
                   "GRANT SELECT ON outbox, outbox_id_seq TO " +
                   role + "; GRANT UPDATE (sent_at) ON outbox TO " + role);
  auto settings = database.plain_settings();
  settings.server.connection = database.connection_string(role);
  {
    Sampling sampling{settings};
    const auto sample = sampling.next();
    CHECK(std::isnan(sample.oldest_snapshot_age_seconds));
    CHECK(sample.backlog_rows == 0);
    CHECK(std::isnan(sample.oldest_pending_timestamp_seconds));  // no such column
  }
  database.execute("GRANT pg_read_all_stats TO " + role);
  const auto holder = database.client();
  holder->execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  Sampling sampling{settings};
  CHECK(eventually([&] { return sampling.next().oldest_snapshot_age_seconds > 0.05; }));
}

TEST_CASE("a sampler whose connection breaks says so and goes on with another", "[postgres][sampler]") {
  const Database database;
  database.execute(plain_outbox);
  Sampling sampling{database.plain_settings()};
  sampling.next();
  database.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND"
      " pid <> pg_backend_pid()");
  CHECK(eventually([&] { return sampling.connections() == 2; }));
  CHECK(sampling.next().backlog_rows == 0);
  CHECK(sampling.failures() == 1);
}

TEST_CASE("a measurement that waits does not delay the sampler's end", "[postgres][sampler]") {
  const Database database;
  database.execute(plain_outbox);
  auto sampling = std::make_unique<Sampling>(database.plain_settings());
  sampling->next();
  const auto holder = database.client();
  holder->execute("BEGIN; LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE");
  CHECK(eventually([&] {
    return database.value(
               "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'outbox'::regclass") == "1";
  }));
  sampling.reset();
  CHECK(eventually([&] {
    return database.value(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
               " application_name = 'outbox-relay' AND wait_event_type IS DISTINCT FROM 'Lock'") == "0";
  }));
}
