// Deleting sent rows that were kept for long enough.
#include "postgres/retention.h"

#include <atomic>
#include <limits>
#include <mutex>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "fixture.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/retention_statement.h"
#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::chrono_literals;

namespace {

constexpr auto top = std::numeric_limits<std::int64_t>::max();

/// The statement, on a connection of its own.
class Statement {
 public:
  explicit Statement(const postgres::Settings& settings)
      : connection_(settings.server.connection),
        statement_(postgres::read_table(connection_, settings.table), 24h * 7) {}

  postgres::Expired expire(const std::optional<std::string>& after = {}, std::int64_t watermark = top) {
    return statement_.expire(connection_, after, watermark, 5s);
  }

 private:
  pqxx::connection connection_;
  postgres::RetentionStatement statement_;
};

std::string ids(const Database& database) {
  return database.value("SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM outbox");
}

/// Retention at work, and what it has told.
class Retaining {
 public:
  explicit Retaining(const postgres::Settings& settings, std::chrono::milliseconds keep_sent = 1s,
                     bool is_standby = false) {
    outlook_.watermark = top;
    outlook_.is_standby = is_standby;
    retention_.emplace(settings, keep_sent, outlook_,
                       postgres::Retention::Events{.expired = [this](std::size_t rows) { expired_ += rows; },
                                                   .failed =
                                                       [this](const core::Failure& failure) {
                                                         const std::lock_guard lock{mutex_};
                                                         failure_ = failure;
                                                       },
                                                   .connection_opened = [this] { ++connections_; },
                                                   .timed = {}});
  }

  void lead() { outlook_.is_standby = false; }
  [[nodiscard]] std::size_t expired() const { return expired_; }
  [[nodiscard]] int connections() const { return connections_; }
  std::optional<core::Failure> failure() {
    const std::lock_guard lock{mutex_};
    return failure_;
  }

 private:
  std::mutex mutex_;
  std::optional<core::Failure> failure_;
  std::atomic<std::size_t> expired_ = 0;
  std::atomic<int> connections_ = 0;
  postgres::Outlook outlook_;
  std::optional<postgres::Retention> retention_;
};

}  // namespace

TEST_CASE("only sent rows that were kept for long enough are deleted", "[postgres][retention]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, created_at, sent_at, parked_at) VALUES"
      " ('a', 'old and sent long ago', now() - interval '9 days', now() - interval '8 days', NULL),"
      " ('a', 'old and sent lately', now() - interval '9 days', now() - interval '6 days', NULL),"
      " ('a', 'pending', now() - interval '9 days', NULL, NULL),"
      " ('a', 'parked', now() - interval '9 days', NULL, now() - interval '8 days'),"
      " ('a', 'parked, and marked by somebody', now() - interval '9 days', now() - interval '8 days', now()),"
      " ('a', 'sent for ever', now(), 'infinity', NULL), ('a', 'sent tomorrow', now(), now() + interval '1 "
      "day', "
      "NULL),"
      " ('a', 'sent before time began', now(), '-infinity', NULL)");
  Statement statement{database.settings()};
  const auto expired = statement.expire();
  CHECK(expired.deleted == 2);
  CHECK(expired.walked == 8);
  CHECK(expired.has_young);
  CHECK(expired.last == "8");
  CHECK(ids(database) == "2 3 4 5 6 7");
  CHECK(statement.expire().deleted == 0);
}

TEST_CASE("above the watermark no row is looked at", "[postgres][retention]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute(
      "INSERT INTO outbox (sent_at) SELECT now() - interval '8 days' FROM generate_series(1, 9)");
  Statement statement{database.plain_settings()};
  const auto expired = statement.expire({}, 4);
  CHECK(expired.deleted == 4);
  CHECK(expired.walked == 4);
  CHECK(ids(database) == "5 6 7 8 9");
}

TEST_CASE("a chunk of old rows is bounded, and the next one begins behind it", "[postgres][retention]") {
  const Database database;
  const auto [type, make] = GENERATE(table<std::string, std::string>({
      {"bigint", "i"},
      {"uuid", "lpad(to_hex(i), 32, '0')::uuid"},
      {"text COLLATE \"C\"", "lpad(i::text, 26, '0')"},
  }));
  CAPTURE(type);
  database.execute("CREATE TABLE outbox (id " + type + " PRIMARY KEY, payload text, sent_at timestamptz)");
  database.execute(
      "INSERT INTO outbox SELECT " + make +
      ", 'p', CASE WHEN i % 2 = 0 THEN now() - interval '8 days' END FROM generate_series(1, 2500) i");
  Statement statement{database.plain_settings()};
  std::optional<std::string> after;
  for (const std::size_t walked : {1000, 1000, 500}) {
    const auto expired = statement.expire(after);
    CHECK(expired.walked == walked);
    CHECK(expired.deleted == walked / 2);
    CHECK_FALSE(expired.has_young);
    after = expired.last;
  }
  CHECK(statement.expire(after).walked == 0);
  CHECK(database.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == "1250");
  CHECK(database.value("SELECT count(*) FROM outbox") == "1250");
}

TEST_CASE("old rows of all partitions are deleted", "[postgres][retention]") {
  const Database database;
  database.execute(
      "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY, payload text, sent_at timestamptz, part "
      "int,"
      " PRIMARY KEY (id, part)) PARTITION BY LIST (part);"
      "CREATE TABLE odd PARTITION OF outbox FOR VALUES IN (1); CREATE TABLE even PARTITION OF outbox FOR "
      "VALUES IN (0);"
      "INSERT INTO outbox (sent_at, part) SELECT CASE WHEN i > 2 THEN now() - interval '8 days' END, i % 2 "
      "FROM "
      "generate_series(1, 6) i");
  Statement statement{database.plain_settings()};
  CHECK(statement.expire().deleted == 4);
  CHECK(ids(database) == "1 2");
}

TEST_CASE("a row that somebody has locked is passed over", "[postgres][retention]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute(
      "INSERT INTO outbox (sent_at) SELECT now() - interval '8 days' FROM generate_series(1, 3)");
  Statement statement{database.plain_settings()};
  const auto client = database.client();
  client->execute("BEGIN; SELECT FROM outbox WHERE id = 2 FOR UPDATE");
  CHECK(statement.expire().deleted == 2);
  CHECK(ids(database) == "2");
  client->execute("COMMIT");
  CHECK(statement.expire().deleted == 1);
}

TEST_CASE("retention reads no more of the table than its chunk", "[postgres][retention]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, sent_at) SELECT 'a', 't', now() - interval '8 days' FROM "
      "generate_series(1, 50000); ANALYZE outbox; SELECT pg_stat_reset()");
  {
    Statement statement{database.settings()};
    CHECK(statement.expire("20000").deleted == 1000);
  }  // when it ends, its server process reports what it did
  const auto scans = [&] {
    return database.value(
        "SELECT seq_scan || ' ' || (idx_tup_fetch < 10000) FROM pg_stat_user_tables WHERE relname = 'outbox' "
        "AND "
        "n_tup_del > 0");
  };
  CHECK(eventually([&] {
    return database.value("SELECT count(*) FROM pg_stat_user_tables WHERE n_tup_del = 1000") == "1";
  }));
  CHECK(scans() == "0 true");
}

TEST_CASE("old rows go by and by, also behind some that were sent late", "[postgres][retention]") {
  const Database database;
  database.deploy("outbox.sql");
  database.deploy("role.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, sent_at) SELECT 'a', 't', CASE WHEN i <= 1500 THEN now() "
      "ELSE "
      "now() - interval '2 h' END FROM generate_series(1, 5000) i");
  auto settings = database.settings();
  settings.server.connection = database.connection_string("outbox_relay");
  Retaining retaining{settings, 1h};
  CHECK(eventually([&] { return retaining.expired() == 3500; }));
  CHECK(database.value("SELECT min(id) || ' ' || max(id) FROM outbox") == "1 1500");
}

TEST_CASE("a relay that stands by deletes nothing, and needs no connection for it", "[postgres][retention]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (sent_at) VALUES (now() - interval '8 days')");
  Retaining retaining{database.plain_settings(), 1s, true};
  {
    Retaining other{database.plain_settings("other")};  // which fails: so much time has passed
    CHECK(eventually([&] { return other.failure().has_value(); }));
  }
  CHECK(retaining.connections() == 0);
  CHECK(ids(database) == "1");
  retaining.lead();
  CHECK(eventually([&] { return retaining.expired() == 1; }));
}

TEST_CASE("retention says what it lacks", "[postgres][retention]") {
  const Database database;
  SECTION("the grant") {
    database.deploy("outbox.sql");
    database.deploy("role.sql");
    database.execute("REVOKE DELETE ON outbox FROM outbox_relay");
    auto settings = database.settings();
    settings.server.connection = database.connection_string("outbox_relay");
    Retaining retaining{settings};
    CHECK(eventually([&] { return retaining.failure().has_value(); }));
    CHECK(retaining.failure()->message == "rows of table \"public\".\"outbox\" may not be deleted");
    CHECK(retaining.failure()->hint == "GRANT DELETE ON \"public\".\"outbox\" TO \"outbox_relay\"");
  }
  SECTION("the time of sending") {
    database.execute(
        "CREATE TABLE outbox (id bigint PRIMARY KEY, payload text, sent_at boolean NOT NULL DEFAULT false)");
    Retaining retaining{database.plain_settings()};
    CHECK(eventually([&] { return retaining.failure().has_value(); }));
    CHECK(retaining.failure()->remedy == core::Remedy::operate);
    CHECK(retaining.failure()->hint == "make the `sent` column a timestamptz, or set `keep_sent: 0s`");
  }
}
