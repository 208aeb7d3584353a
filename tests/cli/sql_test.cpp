#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/sql_names.h"
#include "support/catch.h"
#include "support/servers.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

namespace {

std::string content(const std::string& file) {
  std::ifstream stream(std::filesystem::path{OUTBOX_RELAY_SQL} / file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string printed(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "sql");
  const auto done = run_program(arguments);
  CHECK(done.errors == "");
  CHECK(done.code == exit_done);
  return done.output;
}

std::string next_database() {
  static int number = 0;
  return "sql_" + std::to_string(++number);
}

/// What the role may do with the table and its columns, as text.
std::string grants_of(const std::string& role, const std::string& table, const std::string& database) {
  return shared_postgres().value(
      "SELECT string_agg(g, ', ' ORDER BY g) FROM ("
      "SELECT privilege_type AS g FROM information_schema.role_table_grants WHERE grantee = '" +
          role + "' AND table_name = '" + table +
          "' UNION ALL SELECT privilege_type || ' ' || column_name FROM information_schema.column_privileges "
          "c"
          " WHERE grantee = '" +
          role + "' AND table_name = '" + table +
          "' AND NOT EXISTS (SELECT FROM information_schema.role_table_grants t WHERE t.grantee = c.grantee"
          " AND t.table_name = c.table_name AND t.privilege_type = c.privilege_type)) g",
      database);
}

}  // namespace

TEST_CASE("sql prints the files of deploy/sql", "[cli][sql]") {
  CHECK(printed({"table"}) == content("outbox.sql"));
  CHECK(printed({"table", "--preset", "debezium"}) == content("debezium.sql"));
  CHECK(printed({"role"}) == content("role.sql"));
  CHECK(printed({"control"}) == content("control.sql"));
  CHECK(printed({"notify"}) == content("notify.sql"));
}

TEST_CASE("the SQL of a preset's table and of its role go together", "[cli][sql]") {
  auto& postgres = shared_postgres();
  const std::string database = next_database();
  postgres.create_database(database);
  for (int time = 1; time <= 2; ++time) {  // it may be run again
    postgres.execute(printed({"table", "--preset", "debezium"}), database);
    postgres.execute(printed({"role", "--preset", "debezium"}), database);
    postgres.execute(printed({"notify", "--preset", "debezium"}), database);
  }
  CHECK(grants_of("outbox_relay", "outboxevent", database) == "SELECT, UPDATE sent_at");
}

TEST_CASE("sql has the names of a configuration, and grants what its outbox needs", "[cli][sql]") {
  auto& postgres = shared_postgres();
  const std::string database = next_database();
  postgres.create_database(database);
  const ConfigFile file(R"(postgres: {connection: "host=db user=\"r's\"", control_schema: 'My "control"'}
kafka: {properties: {bootstrap.servers: k}}
outboxes:
  - {name: marks, table: '"My Schema"."Out''box"', topic: t, columns: {id: nr, sent: Done}}
  - {name: keeps, table: public.kept, topic: t, keep_sent: 0s}
  - {name: deletes, table: public.audit, topic: t, completion: delete, refused: halt}
)");
  postgres.execute("CREATE SCHEMA \"My Schema\"", database);
  for (const char* kind : {"table", "control", "role", "notify"})
    postgres.execute(printed({kind, "-c", file.path(), "--outbox", "marks"}), database);
  CHECK(grants_of("\"r''s\"", "Out''box", database) ==
        "DELETE, SELECT, UPDATE Done, UPDATE attempts, UPDATE last_error, UPDATE parked_at");
  CHECK(grants_of("\"r''s\"", "watermark", database) == "INSERT, SELECT, UPDATE");
  CHECK(postgres.value("SELECT has_sequence_privilege('\"r''s\"', pg_get_serial_sequence("
                       "'\"My Schema\".\"Out''box\"', 'nr'), 'SELECT')",
                       database) == "t");

  for (const char* outbox : {"keeps", "deletes"}) {
    for (const char* kind : {"table", "role"})
      postgres.execute(printed({kind, "-c", file.path(), "--outbox", outbox}), database);
  }
  CHECK(grants_of("\"r''s\"", "kept", database) ==
        "SELECT, UPDATE attempts, UPDATE last_error, UPDATE parked_at, UPDATE sent_at");
  CHECK(grants_of("\"r''s\"", "audit", database) == "DELETE, SELECT");
}

TEST_CASE("sql says what it needs to know", "[cli][sql]") {
  const ConfigFile file(R"(postgres: {connection: "host=db"}
kafka: {properties: {bootstrap.servers: k}}
outboxes:
  - {name: orders, table: public.outbox, topic: t}
  - {name: own, table: public.own, preset: none, columns: {id: a, payload: b}, topic: t, completion: delete}
  - {name: tram, table: eventuate.message, preset: eventuate, topic: t}
)");
  const auto which = run_program({"sql", "role", "-c", file.path()});
  CHECK(which.output == "");
  CHECK(which.errors == "outbox-relay: " + file.path() +
                            " has several outboxes: say which, --outbox NAME\n"
                            "  hint: it has `orders`, `own`, `tram`\n");
  CHECK(which.code == exit_usage);

  const auto own = run_program({"sql", "table", "-c", file.path(), "--outbox", "own"});
  CHECK(own.output == "");
  CHECK(own.errors ==
        "outbox-relay: the outbox `own` has `preset: none`, so its table is its own\n"
        "  hint: for a table of ours leave -c out: outbox-relay sql table\n");
  CHECK(own.code == exit_usage);

  const auto tram = run_program({"sql", "table", "-c", file.path(), "--outbox", "tram"});
  CHECK(tram.output == "");
  CHECK(tram.errors ==
        "outbox-relay: the outbox `tram` has `preset: eventuate`, whose table Eventuate Tram makes\n"
        "  hint: deploy/sql/eventuate.sql adds what the relay needs\n");
  CHECK(tram.code == exit_usage);
}

TEST_CASE("names are replaced in code and texts, not in comments", "[cli][sql]") {
  SqlNames names;
  names.replace("SCHEMA relay", "s");
  names.replace("relay", "It's");
  names.replace_first_part("relay", "s");
  CHECK(names.in("-- relay\nGRANT USAGE ON SCHEMA relay TO relay; -- relay's\n"
                 "SELECT FROM relay.t, 'relay', 'relay.t', 'a relay', 'it''s relay', relays") ==
        "-- relay\nGRANT USAGE ON SCHEMA \"s\" TO \"It's\"; -- relay's\n"
        "SELECT FROM \"s\".t, 'It''s', '\"s\".t', 'a relay', 'it''s relay', relays");
}
