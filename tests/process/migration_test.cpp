// What deploy/migration.md says to do, done with the statements that it shows.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

namespace {

/// The statements of the nth block of SQL below a heading of the page, from 0.
std::string statements(const std::string& heading, int nth) {
  std::ifstream file{OUTBOX_RELAY_MIGRATION};
  const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  static constexpr std::string_view fence = "```sql\n";
  auto at = page.find("# " + heading + "\n");
  for (int block = 0; block <= nth && at != std::string::npos; ++block) at = page.find(fence, at + 1);
  if (at == std::string::npos) throw std::runtime_error("no such block below " + heading);
  return page.substr(at + fence.size(), page.find("```", at + fence.size()) - at - fence.size());
}

/// Key by key, what a topic holds.
std::vector<std::string> keys(const Shop& shop, const std::string& topic) {
  std::vector<std::string> result;
  for (const auto& record : shop.kafka().consume_all(topic)) result.push_back(record.key.value());
  return result;
}

void insert_event(const Shop& shop, const std::string& key, const std::string& further_statements = "") {
  shop.execute(
      "BEGIN; INSERT INTO outboxevent (id, aggregatetype, aggregateid, type) VALUES (gen_random_uuid(), '" +
      shop.database() + "', '" + key + "', 't'); " + further_statements + "COMMIT");
}

}  // namespace

TEST_CASE("after the line that deploy/migration.md draws, rows are the relay's, and no earlier ones") {
  Shop shop;
  const std::string topic = "outbox.event." + shop.database();
  shop.kafka().create_topic(topic);
  shop.execute(
      "CREATE TABLE outboxevent (id uuid PRIMARY KEY, aggregatetype varchar(255) NOT NULL, aggregateid "
      "varchar(255) NOT NULL, type varchar(255) NOT NULL, payload jsonb)");
  insert_event(shop, "before the line");
  shop.execute_file("from_debezium.sql");
  shop.execute(statements("Rows that are deleted at once", 0));
  insert_event(shop, "after the line");
  shop.execute(statements("The change", 0));
  insert_event(shop, "deleted at once", "DELETE FROM outboxevent WHERE aggregateid = 'deleted at once'; ");
  shop.start(example_outboxes("debezium.yaml") + "    keep_sent: 1s\n");
  REQUIRE(eventually(
      [&shop] { return shop.value("SELECT count(*) FROM outboxevent WHERE sent_at IS NULL") == "0"; }));
  shop.execute(statements("The change", 1));
  CHECK(keys(shop, topic) == std::vector<std::string>{"after the line", "deleted at once"});
  CHECK(eventually([&shop] { return shop.value("SELECT count(*) FROM outboxevent") == "0"; },
                   std::chrono::seconds{60}));
}

TEST_CASE("a table whose lock is taken is left as it was by the line that could not be drawn") {
  Shop shop;
  shop.execute("CREATE TABLE outboxevent (id uuid PRIMARY KEY)");
  const Process writer{{"psql", "-X", "-q", shop.connection_string(), "-c",
                        "BEGIN; LOCK TABLE outboxevent IN ROW EXCLUSIVE MODE; SELECT pg_sleep(600)"}};
  REQUIRE(eventually([&shop] {
    return shop.value("SELECT count(*) FROM pg_locks WHERE relation = 'outboxevent'::regclass") == "1";
  }));
  CHECK_THROWS_WITH(shop.execute_file("from_debezium.sql"), contains("lock timeout"));
  CHECK(shop.value(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = 'outboxevent'::regclass AND attnum > 0") ==
        "1");
}

TEST_CASE("what a CDC service of Eventuate has published is not published again") {
  Shop shop;
  const std::string topic = "com.example.shop." + shop.database();
  shop.kafka().create_topic(topic);
  const auto insert = [&](const std::string& id) {
    shop.execute("INSERT INTO eventuate.message (id, destination, headers, payload) VALUES ('" + id + "', '" +
                 topic + "', '{\"ID\":\"" + id + "\"}', '{}')");
  };
  shop.execute(
      "CREATE SCHEMA eventuate; CREATE TABLE eventuate.message (id VARCHAR(1000) PRIMARY KEY, destination "
      "TEXT NOT NULL, headers TEXT NOT NULL, payload TEXT NOT NULL, published SMALLINT DEFAULT 0, "
      "creation_time BIGINT)");
  insert("before");
  shop.execute(statements("From the Eventuate CDC service", 0));
  shop.execute_file("eventuate.sql");
  insert("after");
  shop.start(example_outboxes("eventuate.yaml"));
  REQUIRE(eventually(
      [&shop] { return shop.value("SELECT count(*) FROM eventuate.message WHERE published = 0") == "0"; }));
  CHECK(keys(shop, topic) == std::vector<std::string>{"after"});
}

TEST_CASE("of a poller's table, what is new goes out, and what is done does not") {
  Shop shop;
  shop.execute(
      "CREATE TABLE message (id bigserial PRIMARY KEY, entity text, body text, status text NOT NULL); "
      "INSERT INTO message (entity, body, status) VALUES ('sent', 'b', 'SENT'), ('new', 'b', 'NEW')");
  shop.execute(statements("From a poller of one's own", 0));
  shop.execute(
      "GRANT SELECT, UPDATE (sent_at) ON message TO outbox_relay; "
      "GRANT SELECT ON SEQUENCE message_id_seq TO outbox_relay; "
      "INSERT INTO message (entity, body, status) VALUES ('later', 'b', 'NEW')");
  shop.start("  - name: orders\n    table: public.message\n    preset: none\n    topic: " + shop.topic() +
             "\n    columns: { id: id, key: entity, payload: body, sent: sent_at }\n");
  REQUIRE(eventually(
      [&shop] { return shop.value("SELECT count(*) FROM message WHERE sent_at IS NULL") == "0"; }));
  auto sent = keys(shop, shop.topic());
  std::ranges::sort(sent);
  CHECK(sent == std::vector<std::string>{"later", "new"});
}
