#include <algorithm>

#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

namespace {

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t result = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + what.size())) ++result;
  return result;
}

}  // namespace

TEST_CASE("the relay starts before its servers exist, and outlives their outages") {
  PostgresServer postgres;
  KafkaServer kafka;
  Shop shop{postgres, kafka};
  kafka.stop();
  postgres.stop();
  shop.start();
  REQUIRE(eventually([&shop] { return shop.log().find("fetching failed") != std::string::npos; }));
  CHECK(shop.get("/livez").status == 200);
  CHECK(shop.get("/readyz").status == 503);

  postgres.start();
  shop.insert(10);
  REQUIRE(eventually([&shop] { return shop.metric_of("rows_fetched_total") == 10; }));
  kafka.start();
  REQUIRE(shop.is_relayed());
  CHECK(shop.get("/readyz").status == 200);

  postgres.stop(PostgresServer::Stop::immediate);
  postgres.start();
  shop.insert(10);
  REQUIRE(shop.is_relayed());

  kafka.stop();
  shop.insert(10);
  kafka.start();
  REQUIRE(shop.is_relayed());

  CHECK(shop.relay().is_running());
  CHECK(numbers_by_key(shop.records()).size() == 10);
  CHECK(shop.metric_of("rows_completed_total") == 30);
  CHECK(eventually([&shop] { return shop.metric_of("backlog_rows") == 0; }));
  // One line a change of state and then one an interval, not one an attempt.
  CHECK(count(shop.log(), "fetching failed") < 12);
  CHECK(count(shop.log(), "publishing failed") < 12);
  CHECK(shop.log().find("fetching recovered") != std::string::npos);
}

TEST_CASE("rows of a missing topic wait in the table, others go on, and the topic's creation is noticed") {
  Shop shop;
  shop.start();
  shop.execute(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) "
      "SELECT 'missing', 'k', 'Created', convert_to(i::text, 'UTF8') FROM generate_series(1, 5) i");
  shop.insert(20);
  REQUIRE(eventually([&shop] { return shop.pending() == 5; }));
  CHECK(shop.metric_of("held_topics") == 1);
  shop.kafka().create_topic(shop.database() + ".missing", 1);
  REQUIRE(shop.is_relayed());
  CHECK(eventually([&shop] { return shop.metric_of("held_topics") == 0; }));
  const auto records = shop.kafka().consume_all(shop.database() + ".missing");
  REQUIRE(records.size() == 5);
  for (std::size_t at = 0; at < 5; ++at) CHECK(records[at].value == std::to_string(at + 1));
}

TEST_CASE("a table that is missing, or not granted, is a person's to mend, and needs no restart") {
  Shop shop;
  shop.execute("REVOKE SELECT ON outbox FROM outbox_relay");
  shop.start();
  REQUIRE(eventually([&shop] { return shop.metric_of("state", ",state=\"waiting_for_operator\"") == 1; }));
  CHECK(shop.get("/readyz").status == 503);
  CHECK(shop.log().find("GRANT SELECT") != std::string::npos);
  shop.execute("GRANT SELECT ON outbox TO outbox_relay");
  shop.insert(5);
  REQUIRE(shop.is_relayed());
  CHECK(eventually([&shop] { return shop.get("/readyz").status == 200; }));
}
