#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

TEST_CASE("sent rows are deleted when they were kept for so long, all others stay") {
  Shop shop;
  shop.start(orders_outbox(shop.topic(), "    keep_sent: 1s\n"));
  shop.insert(3000);
  shop.execute(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, parked_at, last_error) VALUES ('invoice', "
      "'key-parked', "
      "'t', now() - interval '1 day', 'other: no')");
  CHECK(eventually([&shop] { return shop.value("SELECT count(*) FROM outbox") == "1"; },
                   std::chrono::seconds{60}));
  CHECK(shop.value("SELECT parked_at IS NOT NULL FROM outbox") == "t");
  CHECK(shop.records().size() == 3000);
  CHECK(shop.metric_of("rows_expired_total") == 3000);
  CHECK(shop.metric_of("rows_completed_total") == 3000);
}

TEST_CASE("a relay that may not delete rows says so, and relays") {
  Shop shop;
  shop.execute("REVOKE DELETE ON outbox FROM outbox_relay");
  shop.start(orders_outbox(shop.topic(), "    keep_sent: 1s\n"));
  shop.insert(10);
  REQUIRE(shop.is_relayed());
  CHECK(eventually([&shop] {
    return shop.log().find("GRANT DELETE ON \\\"public\\\".\\\"outbox\\\" TO \\\"outbox_relay\\\"") !=
           std::string::npos;
  }));
  CHECK(shop.metric_of("expire_failures_total", ",reason=\"authorization\"") == 1);
  CHECK(shop.get("/readyz").status == 200);
}
