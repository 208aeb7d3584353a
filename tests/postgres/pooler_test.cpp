// Behind a transaction pooler: PgBouncer, with one connection to the server for everybody.
#include "fixture.h"
#include "postgres/parked_rows.h"
#include "support/catch.h"
#include "support/pgbouncer.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;

namespace {

/// One end at the server, so that whatever a session leaves there is met by all others.
const std::vector<std::string> one_connection{"default_pool_size=1", "server_login_retry=1"};

PgBouncer& shared_pooler() {
  static PgBouncer pooler{shared_postgres(), one_connection};
  return pooler;
}

void make_outbox(const Database& database) {
  database.deploy("outbox.sql");
  database.deploy("control.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT 'a', 'k', 't', 'p' FROM "
      "generate_series(1, 5)");
}

postgres::Settings settings_of(const Database& database, const PgBouncer& pooler) {
  auto settings = database.settings();
  settings.server.connection = pooler.connection_string(database.name());
  settings.control_schema = "outbox_relay";
  settings.coordination = postgres::Coordination::lease;
  return settings;
}

}  // namespace

TEST_CASE("a relay works through a transaction pooler, from its start to its end", "[postgres][pooler]") {
  const Database database;
  make_outbox(database);
  const auto settings = settings_of(database, shared_pooler());
  Relay relay{settings, {"aggregatetype"}};
  const auto facts = relay.open();
  CHECK(facts.last_drawn == 5);
  CHECK(relay.survey({0, 5, 100}).gaps.empty());
  auto request = everything();
  request.read_writers = true;
  request.gaps = {{1, 2}};
  request.after = core::RowId{2};
  auto fetched = relay.fetch(request);
  CHECK(fetched.rows_in_gaps == 2);
  CHECK(fetched.writers);
  CHECK(relay.flush_position() >= fetched.written);
  Published page{std::move(fetched)};
  const auto rows = page.rows();
  REQUIRE(rows.size() == 5);

  CHECK(relay.complete({rows[0]}) == 1);
  const core::Failure failure{core::Reason::too_large, core::Remedy::park, "no", ""};
  CHECK(relay.park({{rows[1], failure, {}}, {rows[2], {}, core::RowId{2}}}).size() == 2);
  relay.keep_lead();
  relay.save_watermark(1);
  page.distrust_places();
  CHECK(relay.complete({rows[3], rows[4]}) == 2);
  CHECK(relay.find_released({core::RowId{2}}).empty());
  postgres::ParkedRows{settings}.requeue({});
  CHECK(relay.find_released({core::RowId{2}}).size() == 1);
  CHECK(ids(relay.fetch().page) == std::vector<std::int64_t>{2, 3});

  Relay other{settings};
  CHECK_FALSE(other.take_lead());
  relay.resign();
  CHECK(other.open().watermark == 1);
}

TEST_CASE("nothing of a relay stays at the server's end of a pooled connection", "[postgres][pooler]") {
  const Database database;
  make_outbox(database);
  database.execute("ALTER DATABASE " + database.name() +
                   " SET default_transaction_isolation = 'repeatable read'");
  Client neighbour{shared_pooler().connection_string(database.name())};
  Relay relay{settings_of(database, shared_pooler())};
  const auto backend = neighbour.value("SELECT pg_backend_pid()");
  relay.open();
  Published page{relay.fetch()};
  CHECK(relay.complete(page.rows()) == 5);
  CHECK(neighbour.value("SELECT pg_backend_pid()") == backend);
  // PgBouncer itself gives each client its application_name; and the server begins each transaction with the
  // default level, whatever it says of where the last one's came from.
  CHECK(neighbour.value(
            "SELECT coalesce(string_agg(name, ' '), '') FROM pg_settings WHERE source = 'session' AND "
            "name NOT IN ('application_name', 'transaction_isolation')") == "");
  CHECK(neighbour.value("SHOW transaction_isolation") == "repeatable read");
  CHECK(neighbour.value("SELECT count(*) FROM pg_prepared_statements") == "0");
  CHECK(neighbour.value(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()") == "0");
}

TEST_CASE("a server that is another one behind the same pooler is noticed in each transaction",
          "[postgres][pooler]") {
  PostgresServer server;
  const Database database{server};
  make_outbox(database);
  const PgBouncer pooler{server, one_connection};
  Relay relay{settings_of(database, pooler)};
  relay.open();
  Published page{relay.fetch()};
  // The connections to the pooler stay, and the lease is the relay's still.
  server.stop();
  server.start();
  const auto completing = failure_of([&] { relay.complete(page.rows()); });
  CHECK(completing.message == "the server refused a statement (SQLSTATE OR002)");
  CHECK(completing.remedy == core::Remedy::rebuild);
  CHECK(completing.hint == "a pooler must lead to one primary");
  CHECK(database.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL") == "5");
  const auto fetching = failure_of([&] { relay.fetch(); });
  CHECK(fetching.message == "the pooler has turned to another server");
  CHECK(fetching.remedy == core::Remedy::rebuild);
  relay.open();
  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 5);
}

TEST_CASE("a pooler that goes away and comes back is a lost connection", "[postgres][pooler]") {
  const Database database;
  make_outbox(database);
  PgBouncer pooler{shared_postgres(), one_connection};
  Relay relay{settings_of(database, pooler)};
  relay.open();
  pooler.kill();
  CHECK(failure_of([&] { relay.fetch(); }).remedy == core::Remedy::rebuild);
  CHECK(failure_of([&] { relay.keep_lead(); }).remedy == core::Remedy::rebuild);
  pooler.start(shared_postgres());
  CHECK(relay.open().last_drawn == 5);
}
