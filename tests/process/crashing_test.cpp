#include <algorithm>
#include <csignal>

#include "shop.h"
#include "support/catch.h"
#include "support/dice.h"

using namespace outbox_relay::testing;

TEST_CASE(
    "killed again and again, the relay loses nothing, keeps the order, and repeats no more than was in "
    "flight") {
  constexpr int rows = 100'000;
  constexpr int kills = 5;
  constexpr std::size_t in_flight_rows = 2000;
  Dice dice{1};
  Shop shop;
  shop.insert(rows, 200);
  const std::string outbox = orders_outbox(shop.database() + ".{aggregatetype}",
                                           "    in_flight_rows: " + std::to_string(in_flight_rows) + "\n");
  for (int kill = 0; kill < kills; ++kill) {
    shop.start(outbox);
    const double enough = 1000.0 * dice.between(1, 10);
    REQUIRE(eventually([&shop, enough] {
      return shop.metric_of("records_published_total") >= enough || shop.pending() == 0;
    }));
    shop.relay().signal(SIGKILL);
    REQUIRE(shop.relay().wait() == 128 + SIGKILL);
  }
  shop.start(outbox);
  REQUIRE(shop.is_relayed());

  const auto records = shop.records();
  std::size_t unique = 0;
  for (const auto& [key, numbers] : numbers_by_key(records)) {
    CHECK(std::ranges::is_sorted(numbers));
    unique += numbers.size();
  }
  CHECK(unique == rows);
  CHECK(records.size() - unique <= kills * in_flight_rows);
}

TEST_CASE("a bug in one pipeline ends the process with a trace, although another pipeline goes on") {
  Shop shop;
  const std::string point = GENERATE("opened", "fetched");
  shop.start(orders_outbox(shop.topic()) + "  - name: others\n    table: public.others\n    topic: others\n",
             {.environment = {"OUTBOX_RELAY_FAILPOINTS=" + point + "=bug@1"}, .wrapper = {}});
  CHECK(shop.relay().wait() == 128 + SIGABRT);
  CHECK(shop.log().find("msg=\"a bug has ended the pipeline, aborting\" outbox=orders error=\"failpoint " +
                        point + '"') != std::string::npos);
}
