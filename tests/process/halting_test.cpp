#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

TEST_CASE(
    "with refused: halt a row that Kafka refuses halts its outbox, says why, and leaves the others alone") {
  Shop shop;
  const std::string small = shop.database() + ".small";
  shop.kafka().create_topic(small, 1, {{"max.message.bytes", "2000"}});
  shop.execute(
      "CREATE TABLE other (LIKE outbox INCLUDING ALL); GRANT SELECT, UPDATE ON other TO outbox_relay; "
      "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO outbox_relay");
  shop.start(orders_outbox(small, "    refused: halt\n") +
             "  - name: other\n    table: public.other\n    topic: " + shop.topic() + "\n");
  shop.insert(5);
  REQUIRE(shop.is_relayed());
  shop.execute(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) "
      "SELECT 'invoice', 'k', 'Large', convert_to(string_agg(md5(i::text), ''), 'UTF8') FROM "
      "generate_series(1, 200) i");
  REQUIRE(eventually([&shop] { return shop.metric_of("state", ",state=\"halted\"") == 1; }));
  CHECK(shop.metric_of("publish_failures_total", ",reason=\"too_large\"") >= 1);
  CHECK(shop.get("/readyz").status == 503);
  CHECK(shop.get("/livez").status == 200);
  CHECK(shop.pending() == 1);
  CHECK(shop.log().find("MSG_SIZE_TOO_LARGE") != std::string::npos);

  shop.execute(
      "INSERT INTO other (aggregatetype, aggregateid, type, payload) VALUES ('invoice', 'k', 'Created', "
      "'1')");
  CHECK(
      eventually([&shop] { return shop.value("SELECT count(*) FROM other WHERE sent_at IS NULL") == "0"; }));
}
