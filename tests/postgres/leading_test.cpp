// Two relays on one outbox: one works, the other stands by. What holds whatever way they agree, and the
// advisory lock; the lease has a file of its own.
#include <chrono>
#include <thread>

#include "fixture.h"
#include "postgres/advisory_lock.h"
#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::chrono_literals;
using postgres::Coordination;

namespace {

/// A table with one pending row, and a control schema.
void make_outbox(const Database& database) {
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('a')");
  database.deploy("control.sql");
}

postgres::Settings settings_of(const Database& database, Coordination coordination) {
  auto settings = database.plain_settings();
  settings.control_schema = "outbox_relay";
  settings.coordination = coordination;
  return settings;
}

std::string pending(const Database& database) {
  return database.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL");
}

void terminate(const Database& database, const std::string& condition) {
  database.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
      "application_name = 'outbox-relay' AND " +
      condition);
}

}  // namespace

TEST_CASE("an opening that takes longer than a leader may be silent keeps the lead", "[postgres][leading]") {
  const Database database;
  database.deploy("outbox.sql");
  database.deploy("control.sql");
  auto settings = database.settings();
  settings.control_schema = "outbox_relay";
  settings.coordination = GENERATE(Coordination::advisory_lock, Coordination::lease);
  settings.lock_time = settings.lease_time = 2s;
  Relay relay{settings};
  REQUIRE(relay.take_lead());
  Relay standby{settings};
  const auto other = database.client();
  std::thread locked{[&] { other->execute("BEGIN; LOCK TABLE outbox; SELECT pg_sleep(4); COMMIT"); }};
  const bool is_locked = eventually([&] {
    return database.value(
               "SELECT count(*) FROM pg_locks WHERE relation = 'outbox'::regclass AND mode = "
               "'AccessExclusiveLock'") == "1";
  });
  CHECK(is_locked);
  std::optional<core::SourceFacts> facts;
  CHECK_NOTHROW(facts = run_on(relay.context(), relay.source().open()));
  CHECK(facts);
  CHECK_FALSE(standby.take_lead());
  CHECK_NOTHROW(relay.keep_lead());
  locked.join();
}

TEST_CASE("of two relays one leads, and the other follows as soon as it resigns", "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  const auto coordination = GENERATE(Coordination::advisory_lock, Coordination::lease);
  Relay first{settings_of(database, coordination)};
  Relay second{settings_of(database, coordination)};
  first.open();
  CHECK_FALSE(second.take_lead());
  CHECK_FALSE(second.take_lead());
  CHECK(second.connections_opened() == 1);  // one session, whatever the number of questions

  Published page{first.fetch()};
  CHECK(first.complete(page.rows()) == 1);
  first.resign();
  CHECK(second.take_lead());
  CHECK_FALSE(first.take_lead());
}

TEST_CASE("a relay that closes its sessions frees the lock without a word", "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  Relay first{settings_of(database, Coordination::advisory_lock)};
  Relay second{settings_of(database, Coordination::advisory_lock)};
  first.open();
  CHECK_FALSE(second.take_lead());
  first.close();
  CHECK(eventually([&] { return second.take_lead(); }));
}

TEST_CASE("the server ends the session of a silent relay, which completes nothing afterwards",
          "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  auto settings = settings_of(database, Coordination::advisory_lock);
  settings.lock_time = 1s;
  Relay first{settings};
  Relay second{settings};
  first.open();
  Published page{first.fetch()};
  CHECK_FALSE(second.take_lead());
  CHECK(eventually([&] { return second.take_lead(); }));

  const auto failure = failure_of([&] { first.complete(page.rows()); });
  CHECK(failure.reason == core::Reason::connection);
  CHECK(failure.remedy == core::Remedy::rebuild);
  CHECK(failure_of([&] { first.keep_lead(); }).remedy == core::Remedy::rebuild);
  CHECK(pending(database) == "1");
  CHECK_FALSE(first.take_lead());
}

TEST_CASE("a sign of life begins the silence anew", "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  Relay relay{settings_of(database, Coordination::advisory_lock)};
  relay.open();
  const auto last_heard = [&] {
    return database.value(
        "SELECT a.state_change FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid WHERE l.locktype ="
        " 'advisory' AND a.datname = current_database()");
  };
  const auto before = last_heard();
  relay.keep_lead();
  CHECK(last_heard() > before);
}

TEST_CASE("a lead lasts for less than the server waits", "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  Relay locking{settings_of(database, Coordination::advisory_lock)};
  CHECK(locking.lead()->lasts == 4s);
  CHECK(database.settings().lock_time == 5s);
  locking.resign();
  Relay leasing{settings_of(database, Coordination::lease)};
  CHECK(leasing.lead()->lasts == 6s);
  CHECK(database.value("SELECT expires_at > clock_timestamp() + interval '7 s' FROM outbox_relay.lease") ==
        "t");
}

TEST_CASE("a lead that went with its session is noticed, and taken again without a pause",
          "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  const auto coordination = GENERATE(Coordination::advisory_lock, Coordination::lease);
  Relay relay{settings_of(database, coordination)};
  relay.open();
  terminate(database, "true");
  CHECK(failure_of([&] { relay.keep_lead(); }).remedy == core::Remedy::rebuild);
  relay.close();
  CHECK(relay.take_lead());
}

TEST_CASE("a relay does not wait for a session of its own that the server believes alive",
          "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  const auto settings = settings_of(database, Coordination::advisory_lock);
  Connection before{settings.server};
  Connection after{settings.server};
  before.connect();
  after.connect();
  const auto take = [](postgres::AdvisoryLock& lock, Connection& connection) {
    return run_on(connection.context, lock.take(connection.session)).has_value();
  };
  postgres::AdvisoryLock relay{settings};
  CHECK(take(relay, before));

  SECTION("it ends it") {
    CHECK(take(relay, after));
    CHECK(failure_of([&] { before.run("SELECT 1"); }).remedy == core::Remedy::rebuild);
    CHECK(take(relay, after));
  }
  SECTION("but nobody else's") {
    postgres::AdvisoryLock other{settings};
    CHECK_FALSE(take(other, after));
    CHECK_FALSE(take(other, after));
    CHECK(before.run("SELECT 'alive'").text(0, 0) == "alive");
  }
  SECTION("nor that of its successor") {
    run_on(before.context, relay.give_up(before.session));
    postgres::AdvisoryLock other{settings};
    CHECK(take(other, after));
    Connection again{settings.server};
    again.connect();
    CHECK_FALSE(take(relay, again));
    CHECK(after.run("SELECT 'alive'").text(0, 0) == "alive");
  }
}

TEST_CASE("the lock is the table's, whatever its name", "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  Relay first{settings_of(database, Coordination::advisory_lock)};
  Relay second{settings_of(database, Coordination::advisory_lock)};
  first.open();
  database.execute("ALTER TABLE outbox RENAME TO old");
  database.execute(plain_outbox);
  CHECK(second.take_lead());
  CHECK(failure_of([&] { first.fetch(); }).remedy == core::Remedy::rebuild);
  first.close();
  CHECK_FALSE(first.take_lead());
}

TEST_CASE("relays that agree in different ways stand by for each other", "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  const auto one = GENERATE(Coordination::advisory_lock, Coordination::lease);
  const auto other = one == Coordination::lease ? Coordination::advisory_lock : Coordination::lease;
  Relay first{settings_of(database, one)};
  Relay second{settings_of(database, other)};
  CHECK(first.take_lead());
  CHECK_FALSE(second.take_lead());
  first.keep_lead();
  first.resign();
  CHECK(second.take_lead());
}

TEST_CASE("without coordination a relay leads for ever, unless another one can be seen",
          "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  Relay alone{settings_of(database, Coordination::none)};
  {
    Relay other{settings_of(database, GENERATE(Coordination::advisory_lock, Coordination::lease))};
    CHECK(other.take_lead());
    const auto failure = failure_of([&] { alone.take_lead(); });
    CHECK(failure.reason == core::Reason::conflict);
    CHECK(failure.remedy == core::Remedy::operate);
    CHECK(failure.message == "another relay works on table \"public\".\"outbox\"");
    CHECK(
        failure.hint ==
        "stop it, or give both `coordination: advisory_lock`, so that one stands by; `none` is for an outbox "
        "that has one relay");
    other.resign();
  }
  const auto lead = alone.lead();
  REQUIRE(lead);
  CHECK_FALSE(lead->lasts);
  alone.keep_lead();
  alone.resign();
}

TEST_CASE("the lead of one outbox says nothing about another", "[postgres][leading]") {
  const Database database;
  make_outbox(database);
  database.execute("CREATE TABLE orders (LIKE outbox INCLUDING ALL)");
  const auto coordination = GENERATE(Coordination::advisory_lock, Coordination::lease);
  auto orders = settings_of(database, coordination);
  orders.table.name = "orders";
  Relay first{settings_of(database, coordination)};
  Relay second{orders};
  CHECK(first.take_lead());
  CHECK(second.take_lead());
}

TEST_CASE("a table that is missing is named when the lead is asked for", "[postgres][leading]") {
  const Database database;
  Relay relay{database.plain_settings()};
  const auto failure = failure_of([&] { relay.take_lead(); });
  CHECK(failure.reason == core::Reason::missing);
  CHECK(failure.remedy == core::Remedy::operate);
  CHECK(failure.message == "table \"public\".\"outbox\" does not exist");
  database.execute(plain_outbox);
  CHECK(relay.take_lead());
}
