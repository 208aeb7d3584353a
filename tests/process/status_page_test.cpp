// The page for people, of a relay with real servers. How a browser shows it: tests/observe/page.
#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

namespace {

bool shows(const Shop& shop, const std::string& what) {
  return shop.get("/").body.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("the status page tells what each outbox does, and what to do about it", "[page]") {
  Shop shop;
  const std::string small = shop.database() + ".small";
  shop.kafka().create_topic(small, 1, {{"max.message.bytes", "2000"}});
  shop.execute("CREATE TABLE missing_grant (LIKE outbox INCLUDING ALL)");
  shop.start(orders_outbox(small, "    sample_interval: 1s\n") +
             "  - name: mail\n    table: public.missing_grant\n    topic: \"" + shop.topic() + "\"\n");
  shop.insert(500);
  REQUIRE(shop.is_relayed());
  shop.execute(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT 'invoice', 'secret-key', "
      "'Large', "
      "convert_to('secret-payload' || string_agg(md5(i::text), ''), 'UTF8') FROM generate_series(1, 200) i");

  CHECK(eventually([&shop] { return shows(shop, "<dt>Parked</dt><dd>1 <small>row</small></dd>"); }));
  CHECK(eventually([&shop] { return shows(shop, "Waits for somebody to mend it"); }));
  const auto page = shop.get("/");
  CHECK(page.status == 200);
  CHECK(page.body.find("<h2>mail</h2>") < page.body.find("<h2>orders</h2>"));
  CHECK(shows(shop, "✕ 1 of 2 outboxes is not ready"));
  CHECK(shows(shop, "this relay leads"));
  CHECK(shows(shop, "row 501: "));
  CHECK(shows(shop, "<code>too_large</code>"));
  CHECK(shows(shop, "<code>authorization</code>"));
  CHECK(shows(shop, "GRANT SELECT"));
  CHECK_FALSE(shows(shop, "secret-"));
}
