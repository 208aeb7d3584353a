// What the statements cost the database. Buffers are counted, not time.
#include <string>
#include <vector>

#include "fixture.h"
#include "postgres/layout.h"
#include "postgres/placed_rows.h"
#include "postgres/statements.h"
#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;

namespace {

std::string statistics(const Database& database, const std::string& column) {
  return database.value("SELECT " + column + " FROM pg_stat_user_tables WHERE relname = 'outbox'");
}

/// Buffers that the relay's backends touched in the table and its index. A backend reports its counts when it
/// is asked to, or ends.
std::int64_t buffers_touched(const Database& database) {
  return std::stoll(
      database.value("SELECT heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit FROM "
                     "pg_statio_user_tables WHERE relname ="
                     " 'outbox'"));
}

/// Runs `work` on a source of its own and returns the buffers that cost.
template <typename Work>
std::int64_t cost(const Database& database, const postgres::Settings& settings, Work work) {
  const auto wait_until_reported = [&] {  // by the end of the source's backends
    REQUIRE(eventually([&] {
      return database.value(
                 "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND"
                 " application_name = 'outbox-relay'") == "0";
    }));
  };
  const auto open_only = [&] {
    Relay relay{settings};
    relay.open();
  };
  open_only();
  wait_until_reported();
  const auto before = buffers_touched(database);
  open_only();
  wait_until_reported();
  const auto opened = buffers_touched(database);
  {
    Relay relay{settings};
    relay.open();
    work(relay);
  }
  wait_until_reported();
  return buffers_touched(database) - opened - (opened - before);
}

/// The plan by which a session that completes runs a statement from the second time on.
std::string plan_of(const Database& database, const postgres::Query& query, const std::string& values) {
  postgres::SessionUse use;
  use.completes_rows = true;
  Connection connection{database.plain_settings().server, use};
  connection.connect();
  connection.run(query);
  postgres::Query name{"SELECT name FROM pg_prepared_statements WHERE statement = $1"};
  name.text(query.sql());
  const auto lines =
      connection.run("EXPLAIN EXECUTE " + connection.run(name).text(0, 0) + " (" + values + ")");
  std::string plan;
  for (int line = 0; line < lines.rows(); ++line) plan += lines.text(line, 0) + "\n";
  return plan;
}

}  // namespace

TEST_CASE("marking rows of deploy/sql's table is a HOT update", "[postgres][plans]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT 'a', 'k', 't', "
      "convert_to(repeat('x',"
      " 400), 'UTF8') FROM generate_series(1, 5000)");
  {
    Relay relay{database.settings()};
    relay.open();
    for (std::int64_t after = 0; after < 5000; after += 1000) {
      Published page{relay.fetch(above(after))};
      CHECK(relay.complete(page.rows()) == 1000);
    }
  }
  REQUIRE(eventually([&] { return statistics(database, "n_tup_upd") == "5000"; }));
  CHECK(std::stoi(statistics(database, "n_tup_hot_upd")) > 4000);
}

TEST_CASE("statistics of an empty table do not turn the plan into a sequential scan", "[postgres][plans]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute("ALTER TABLE outbox SET (autovacuum_enabled = off); ANALYZE outbox");
  const auto settings = database.settings();
  database.execute(
      "INSERT INTO outbox (aggregatetype, type) SELECT 'a', 't' FROM generate_series(1, 100000)");
  const auto before = statistics(database, "seq_scan");  // of creating the indexes
  {
    Relay relay{settings};
    relay.open();
    Published page{relay.fetch(above(90000, {{1, 1}, {10, 20}}))};
    CHECK(page.rows().size() == 1012);
    CHECK(relay.complete(page.rows()) == 1012);
    page.distrust_places();
    CHECK(relay.complete(page.rows()) == 0);
    relay.survey({0, 100000, 1000});
  }
  CHECK(statistics(database, "seq_scan") == before);
}

TEST_CASE("completing goes straight to the places", "[postgres][plans]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute("ANALYZE outbox");
  postgres::Table table;
  table.schema = "public";
  table.name = "outbox";
  table.id = {"id", "bigint", true};
  table.sent = postgres::Column{"sent_at", "timestamp with time zone", true};
  const auto completion = GENERATE(postgres::Completion::mark, postgres::Completion::remove);
  table.completion = completion;
  const postgres::Statements statements{table, postgres::Layout{table}, 150000};
  postgres::Query query{statements.complete()};
  const core::RowId id{1};
  const std::vector<postgres::PlacedRow> rows{{{0, 0, 1}, &id}};
  postgres::add_placed_rows(query, table, rows);
  const auto plan = plan_of(database, query, "'{\"(0,1)\"}', '{}', '{1}', 0, 0");
  INFO(plan);
  CHECK(plan.find("Tid Scan on outbox") != std::string::npos);
  CHECK(plan.find("Seq Scan") == std::string::npos);
}

TEST_CASE("rows are parked, and parked rows found, without a walk over the table", "[postgres][plans]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute("ALTER TABLE outbox SET (autovacuum_enabled = off); ANALYZE outbox");
  const auto settings = database.settings();
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, sent_at) SELECT 'a', 't', now() FROM generate_series(1, "
      "200000);"
      "INSERT INTO outbox (aggregatetype, type) SELECT 'a', 't' FROM generate_series(1, 500)");
  const auto scans = statistics(database, "seq_scan");
  const core::Failure no{core::Reason::other, core::Remedy::park, "no", ""};

  // Each tenth row is refused, nine are held behind it.
  const auto parking = cost(database, settings, [&](Relay& relay) {
    Published page{relay.fetch(above(200000))};
    std::vector<core::Parking> rows;
    for (auto* row : page.rows()) {
      const auto id = row->row->id.number();
      const auto first = id - (id - 1) % 10;
      rows.push_back({row, no, id == first ? std::nullopt : std::optional{core::RowId{first}}});
    }
    CHECK(relay.park(rows).size() == 500);
  });
  const auto finding = cost(database, settings, [](Relay& relay) {
    CHECK(relay.open().parked.rows.size() == 50);
    CHECK(relay.find_released({core::RowId{200001}, core::RowId{1}}).size() == 1);
  });
  INFO("buffers to park 500 rows: " << parking << ", to find 50: " << finding);
  CHECK(parking < 500 * 20);
  CHECK(finding < 2000);
  CHECK(statistics(database, "seq_scan") == scans);
}

TEST_CASE("a fetch does not walk over retained rows", "[postgres][plans][slow]") {
  PostgresServer server{{"fsync=off", "max_wal_size=8GB", "autovacuum=off"}};
  const Database database{server};
  database.deploy("outbox.sql");
  // 2.5 M sent rows, 1000 pending ones, 2.5 M sent ones above them; one late row and one gap among the sent
  // ones.
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, sent_at) SELECT 'a', 't', CASE WHEN i BETWEEN 2500001 AND "
      "2501000 OR i = 1000000"
      " THEN NULL ELSE now() END FROM generate_series(1, 5000000) i; DELETE FROM outbox WHERE id = 2000000");
  const auto settings = database.settings();

  const auto page = cost(database, settings, [](Relay& relay) {
    const auto fetched = relay.fetch(above(2500000));
    CHECK(fetched.page.rows.size() == 1000);
  });
  const auto page_and_gaps = cost(database, settings, [](Relay& relay) {
    const auto fetched = relay.fetch(above(2500000, {{1000000, 1000000}, {2000000, 2000000}}));
    CHECK(fetched.page.rows.size() == 1001);
    CHECK(fetched.rows_in_gaps == 1);
  });
  // A page of rows of this table lies in some 30 blocks, and each row is looked up through the index.
  INFO("buffers of a page: " << page << ", with gaps: " << page_and_gaps);
  CHECK(page > 0);
  CHECK(page < 2000);
  CHECK(page_and_gaps < page + 50);

  // At the head, past everything: the bound keeps a fetch from looking further than it should.
  const auto head = cost(database, settings, [](Relay& relay) {
    auto request = above(2501000);
    request.up_to = core::RowId{2501100};
    CHECK(relay.fetch(request).page.rows.empty());
  });
  CHECK(head < 300);
}
