// The lead as a row in the control schema.
#include <thread>
#include <utility>

#include "fixture.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;

namespace {

/// An outbox with a pending row and a row that Kafka refuses, and who works on it.
class Leased {
 public:
  Leased() {
    database_.deploy("outbox.sql");
    database_.deploy("control.sql");
    database_.execute("INSERT INTO outbox (aggregatetype, type) VALUES ('a', 't'), ('a', 'refused')");
  }

  [[nodiscard]] postgres::Settings settings() const {
    auto settings = database_.settings();
    settings.control_schema = "outbox_relay";
    settings.coordination = postgres::Coordination::lease;
    return settings;
  }
  [[nodiscard]] const Database& database() const { return database_; }
  /// As if nobody had renewed the lease for a while.
  void let_it_run_out() const {
    database_.execute("UPDATE outbox_relay.lease SET expires_at = clock_timestamp()");
  }
  [[nodiscard]] std::string lease(const std::string& column) const {
    return database_.value("SELECT " + column + " FROM outbox_relay.lease");
  }
  [[nodiscard]] std::string untouched() const {
    return database_.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND parked_at IS NULL");
  }

 private:
  Database database_;
};

core::Failure operate_failure(const postgres::Settings& settings) {
  Relay relay{settings};
  const auto failure = failure_of([&] { relay.take_lead(); });
  CHECK(failure.remedy == core::Remedy::operate);
  return failure;
}

}  // namespace

TEST_CASE("each call of the relay that leads renews its lease", "[postgres][lease]") {
  const Leased outbox;
  Relay relay{outbox.settings()};
  relay.open();
  Published page{relay.fetch()};
  const auto rows = page.rows();
  auto expires_at = outbox.lease("expires_at");
  const auto is_renewed = [&] {
    const auto before = std::exchange(expires_at, outbox.lease("expires_at"));
    return expires_at > before;
  };
  relay.keep_lead();
  CHECK(is_renewed());
  CHECK(relay.complete({rows[0]}) == 1);
  CHECK(is_renewed());
  CHECK(relay.park({{rows[1], {}, {}}}).size() == 1);
  CHECK(is_renewed());
  relay.save_watermark(2);
  CHECK(is_renewed());
  CHECK(outbox.lease("epoch") == "1");
}

TEST_CASE("a relay whose lease has passed to another one changes nothing any more", "[postgres][lease]") {
  const Leased outbox;
  Relay first{outbox.settings()};
  Relay second{outbox.settings()};
  first.open();
  Published page{first.fetch()};
  const auto rows = page.rows();
  CHECK_FALSE(second.take_lead());
  outbox.let_it_run_out();
  CHECK(second.take_lead());
  CHECK(outbox.lease("epoch") == "2");

  for (const auto& failure :
       {failure_of([&] { first.complete({rows[0]}); }), failure_of([&] { first.park({{rows[1], {}, {}}}); }),
        failure_of([&] { first.keep_lead(); })}) {
    CHECK(failure.reason == core::Reason::conflict);
    CHECK(failure.remedy == core::Remedy::rebuild);
    CHECK(failure.hint == "another relay has taken the lease over, because this one was silent for too long");
  }
  CHECK_THROWS_AS(first.save_watermark(2), core::FailureError);
  CHECK(outbox.untouched() == "2");
  CHECK(outbox.database().value("SELECT count(watermark) FROM outbox_relay.watermark") == "0");
  first.close();
  CHECK_FALSE(first.take_lead());
  second.keep_lead();
}

TEST_CASE("nobody takes over in the middle of a transaction, however long it lasts", "[postgres][lease]") {
  const Leased outbox;
  Relay first{outbox.settings()};
  Relay second{outbox.settings()};
  first.open();
  outbox.let_it_run_out();
  // What a completion of the first does, that is slow to commit.
  const auto completing = outbox.database().client();
  completing->execute("BEGIN; UPDATE outbox_relay.lease SET expires_at = clock_timestamp() + interval '8 s'");
  std::jthread commit{[&] {
    const bool waits = a_backend_waits(outbox.database());
    completing->execute(waits ? "COMMIT" : "ROLLBACK");
  }};
  CHECK_FALSE(second.take_lead());
  commit.join();
  first.keep_lead();
}

TEST_CASE("a lease that has run out, but that nobody took, is renewed", "[postgres][lease]") {
  const Leased outbox;
  Relay relay{outbox.settings()};
  relay.open();
  outbox.let_it_run_out();
  relay.keep_lead();
  CHECK(outbox.lease("expires_at > clock_timestamp()") == "t");
}

TEST_CASE("a relay takes its own lease again at once, as another epoch", "[postgres][lease]") {
  const Leased outbox;
  Relay relay{outbox.settings()};
  CHECK(relay.take_lead());
  const auto holder = outbox.lease("holder");
  relay.close();
  CHECK(relay.take_lead());
  CHECK(outbox.lease("holder") == holder);
  CHECK(outbox.lease("epoch") == "2");
}

TEST_CASE("a lease that somebody deleted is lost, and can be taken anew", "[postgres][lease]") {
  const Leased outbox;
  Relay relay{outbox.settings()};
  relay.open();
  Published page{relay.fetch()};
  outbox.database().execute("DELETE FROM outbox_relay.lease");
  CHECK(failure_of([&] { relay.complete({page.rows()[0]}); }).remedy == core::Remedy::rebuild);
  CHECK(outbox.untouched() == "2");
  relay.open();
  CHECK(relay.fetch().page.rows.size() == 2);
}

TEST_CASE("what the lease lacks is named, with a way to mend it", "[postgres][lease]") {
  PostgresServer server;  // role.sql's role belongs to the whole server
  const Database database{server};
  database.deploy("outbox.sql");
  auto settings = database.settings();
  settings.coordination = postgres::Coordination::lease;
  auto failure = operate_failure(settings);
  CHECK(failure.message == "`coordination: lease` needs a control schema");
  CHECK(failure.hint == "set `postgres.control_schema`, and create it: outbox-relay sql control");

  settings.control_schema = "outbox_relay";
  failure = operate_failure(settings);
  CHECK(failure.reason == core::Reason::missing);
  CHECK(
      failure.message ==
      "table \"outbox_relay\".\"lease\" or function renew_lease beside it does not exist, as the lease needs "
      "them");
  CHECK(failure.hint ==
        "run deploy/sql/control.sql (again); it is also printed by: outbox-relay sql control");

  database.deploy("control.sql");
  database.deploy("role.sql");
  settings.server.connection = database.connection_string("outbox_relay");
  {
    Relay relay{settings};
    relay.open();
    Published page{relay.fetch()};
    CHECK(relay.complete(page.rows()) == 0);
    relay.resign();
  }
  database.execute("REVOKE UPDATE ON outbox_relay.lease FROM outbox_relay");
  failure = operate_failure(settings);
  CHECK(failure.reason == core::Reason::authorization);
  CHECK(failure.hint ==
        "GRANT USAGE ON SCHEMA \"outbox_relay\" TO \"outbox_relay\"; GRANT SELECT, INSERT, UPDATE ON "
        "\"outbox_relay\".\"lease\" TO \"outbox_relay\"");
  database.deploy("role.sql");

  // As ALTER DEFAULT PRIVILEGES has it in careful databases.
  const std::string function = "FUNCTION outbox_relay.renew_lease(text, text, uuid, bigint, bigint, text)";
  database.execute("REVOKE EXECUTE ON " + function + " FROM PUBLIC, outbox_relay");
  failure = operate_failure(settings);
  CHECK(failure.reason == core::Reason::authorization);
  CHECK(failure.hint ==
        "GRANT EXECUTE ON FUNCTION \"outbox_relay\".\"renew_lease\"(text, text, uuid, bigint, bigint, text) "
        "TO \"outbox_relay\"");
  database.deploy("role.sql");
  CHECK(Relay{settings}.take_lead());

  database.execute("DROP " + function +
                   "; CREATE FUNCTION outbox_relay.renew_lease(text) RETURNS void LANGUAGE sql AS ''");
  CHECK(operate_failure(settings).reason == core::Reason::missing);
}
