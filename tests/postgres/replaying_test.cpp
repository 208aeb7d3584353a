// Sent rows as a replay's pipeline sees them.
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/parking.h"
#include "fixture.h"
#include "postgres/replay_requests.h"
#include "postgres/replay_source.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::chrono_literals;

namespace {

/// A clock that is moved by hand.
class ManualClock final : public relay::Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return now_; }
  double random() override { return 0.5; }
  [[nodiscard]] std::unique_ptr<relay::Alarm> make_alarm() override { return nullptr; }
  void pass(std::chrono::milliseconds time) { now_ += time; }

 private:
  TimePoint now_ = std::chrono::steady_clock::now();
};

/// A relay's part of a replay.
class Replayer {
 public:
  Replayer(const postgres::Settings& settings, std::int64_t request)
      : source_(context_.get_executor(), settings, {}, request, clock_, {[this] { ++ended_; }, {}}) {}
  ~Replayer() { source_.close(); }

  bool claim() { return run_on(context_, source_.take_lead()).has_value(); }
  void open() { run_on(context_, source_.open()); }
  core::Fetched fetch() {
    core::FetchRequest request = everything();
    request.read_highest = true;
    return run_on(context_, source_.fetch(request));
  }
  void pass(std::chrono::milliseconds time) { clock_.pass(time); }
  void complete(Published& page) { run_on(context_, source_.complete(page.rows())); }
  void refuse(Published& page) {
    std::vector<core::Parking> rows;
    for (core::InFlight* row : page.rows()) {
      rows.push_back({row, {core::Reason::too_large, core::Remedy::park, "too large", ""}, std::nullopt});
    }
    CHECK(run_on(context_, source_.park(rows)).size() == rows.size());
  }
  void keep() { run_on(context_, source_.keep_lead()); }
  void resign() { run_on(context_, source_.resign()); }
  [[nodiscard]] int ended() const { return ended_; }

 private:
  boost::asio::io_context context_;
  int ended_ = 0;
  ManualClock clock_;
  postgres::ReplaySource source_;
};

std::vector<std::string> texts(const core::Page& page) {
  std::vector<std::string> found;
  for (const core::Row& row : page.rows) found.push_back(row.id.to_string());
  return found;
}

postgres::Settings settings_of(const Database& database) {
  auto settings = database.plain_settings();
  settings.control_schema = "outbox_relay";
  return settings;
}

/// Five sent rows, and a pending one between them: 3.
class SentRows : public Database {
 public:
  SentRows() {
    deploy("control.sql");
    execute(plain_outbox);
    execute(
        "INSERT INTO outbox (payload, sent_at) SELECT 'p' || i, CASE WHEN i <> 3 THEN now() END FROM "
        "generate_series(1, 6) i");
  }
};

std::string state(const Database& database) {
  return database.value(
      "SELECT state || ' ' || replayed_rows || ' ' || refused_rows || ' ' || coalesce(replayed_up_to, '-') "
      "FROM "
      "outbox_relay.replay");
}

std::int64_t request(const postgres::Settings& settings, const std::string& first, const std::string& last,
                     int rows_per_second) {
  postgres::ReplayRequests requests{settings};
  return requests.request(requests.find(postgres::IdBounds{first, last}), rows_per_second);
}

}  // namespace

TEST_CASE("a replay reads the sent rows of its request, page after page", "[postgres][replay]") {
  const SentRows database;
  const auto settings = settings_of(database);
  Replayer replayer{settings, request(settings, "2", "5", 20)};
  REQUIRE(replayer.claim());
  replayer.open();
  auto fetched = replayer.fetch();
  CHECK(payloads(fetched.page) == std::vector<std::string>{"p2", "p4"});  // a tenth of a second's
  Published first{std::move(fetched)};
  CHECK(state(database) == "running 0 0 -");
  replayer.pass(100ms);
  CHECK(replayer.fetch().page.rows.empty());  // the first page is not out
  replayer.complete(first);
  CHECK(state(database) == "running 2 0 4");
  fetched = replayer.fetch();
  CHECK(payloads(fetched.page) == std::vector<std::string>{"p5"});
  Published second{std::move(fetched)};
  replayer.complete(second);
  CHECK(replayer.fetch().page.rows.empty());  // it is too early to look for more
  CHECK(replayer.ended() == 0);
  replayer.pass(50ms);
  CHECK(replayer.fetch().page.rows.empty());
  CHECK(replayer.ended() == 1);
  replayer.resign();
  CHECK(state(database) == "done 3 0 5");
  CHECK(database.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == "1");
}

TEST_CASE("ids of a replay may be texts", "[postgres][replay]") {
  const Database database;
  const auto [type, make] = GENERATE(table<std::string, std::string>({
      {"uuid", "lpad(to_hex(i), 32, '0')::uuid"},
      {"text COLLATE \"C\"", "lpad(i::text, 32, '0')"},
  }));
  CAPTURE(type);
  database.deploy("control.sql");
  database.execute("CREATE TABLE outbox (id " + type + " PRIMARY KEY, payload text, sent_at timestamptz)");
  database.execute("INSERT INTO outbox SELECT " + make + ", 'p', now() FROM generate_series(1, 9) i");
  const auto id = [&](const std::string& i) {
    return database.value("SELECT (" + make + ")::text FROM (SELECT " + i + " AS i) x");
  };
  const auto settings = settings_of(database);
  Replayer replayer{settings, request(settings, id("4"), id("7"), 1000)};
  REQUIRE(replayer.claim());
  replayer.open();
  CHECK(texts(replayer.fetch().page) == std::vector<std::string>{id("4"), id("5"), id("6"), id("7")});
}

TEST_CASE("what left the window of a replay is read again, and what is gone is not waited for",
          "[postgres][replay]") {
  const SentRows database;
  const auto settings = settings_of(database);
  Replayer replayer{settings, request(settings, "1", "4", 1000)};
  REQUIRE(replayer.claim());
  replayer.open();
  CHECK(ids(replayer.fetch().page) == std::vector<std::int64_t>{1, 2, 4});
  database.execute("DELETE FROM outbox WHERE id = 2");
  replayer.pass(999ms);
  CHECK(replayer.fetch().page.rows.empty());
  replayer.pass(1ms);
  auto again = replayer.fetch();
  CHECK(ids(again.page) == std::vector<std::int64_t>{1, 4});
  Published page{std::move(again)};
  replayer.complete(page);
  CHECK(state(database) == "running 2 0 4");
}

TEST_CASE("a replay is one relay's, until that is silent", "[postgres][replay]") {
  const SentRows database;
  const auto settings = settings_of(database);
  const auto id = request(settings, "1", "6", 1000);
  Replayer first{settings, id};
  REQUIRE(first.claim());
  first.open();
  Published page{first.fetch()};
  {
    Replayer other{settings, id};
    CHECK_FALSE(other.claim());
    CHECK(other.ended() == 1);
  }
  database.execute("UPDATE outbox_relay.replay SET held_until = now() - interval '1 s'");
  Replayer second{settings, id};
  CHECK(second.claim());
  CHECK(failure_of([&] { first.complete(page); }).remedy == core::Remedy::rebuild);
  CHECK(failure_of([&] { first.keep(); }).remedy == core::Remedy::rebuild);
  CHECK(state(database) == "running 0 0 -");
  second.open();
  CHECK(second.fetch().page.rows.size() == 5);
}

TEST_CASE("rows that Kafka refuses are counted, and passed over", "[postgres][replay]") {
  const SentRows database;
  const auto settings = settings_of(database);
  Replayer replayer{settings, request(settings, "1", "2", 1000)};
  REQUIRE(replayer.claim());
  replayer.open();
  Published page{replayer.fetch()};
  replayer.refuse(page);
  CHECK(state(database) == "running 0 2 2");
  CHECK(database.value("SELECT last_error FROM outbox_relay.replay") == "row 2: too large");
}

TEST_CASE("a replay that is cancelled comes to its end with the next word of its relay",
          "[postgres][replay]") {
  const SentRows database;
  const auto settings = settings_of(database);
  const auto id = request(settings, "1", "6", 1000);
  Replayer replayer{settings, id};
  REQUIRE(replayer.claim());
  postgres::ReplayRequests requests{settings};
  requests.cancel(id);
  CHECK(requests.read(id).state == postgres::ReplayState::running);
  CHECK(replayer.ended() == 0);
  replayer.keep();
  CHECK(replayer.ended() == 1);
  replayer.resign();
  CHECK(requests.read(id).state == postgres::ReplayState::cancelled);
}

TEST_CASE("a replay of a table that was replaced fails", "[postgres][replay]") {
  const SentRows database;
  const auto settings = settings_of(database);
  const auto id = request(settings, "1", "6", 1000);
  database.execute("ALTER TABLE outbox RENAME TO old; CREATE TABLE outbox (LIKE old INCLUDING ALL)");
  Replayer replayer{settings, id};
  REQUIRE(replayer.claim());
  CHECK(failure_of([&] { replayer.open(); }).reason == core::Reason::missing);
  CHECK(replayer.ended() == 1);
  postgres::ReplayRequests requests{settings};
  CHECK(requests.read(id).state == postgres::ReplayState::failed);
}
