#include <cmath>
#include <csignal>

#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

namespace {

double leader(const RelayProgram& relay) {
  return relay.metric_of("orders", "leader");
}

/// A shop whose relay leads, and a second relay that stands by.
struct Pair {
  Pair() {
    shop.start();
    shop.insert(20);
    REQUIRE(shop.is_relayed());
    second = shop.another_relay();
    REQUIRE(eventually([this] { return second->metric_of("orders", "state", ",state=\"standby\"") == 1; }));
  }

  Shop shop;
  std::unique_ptr<RelayProgram> second;
};

}  // namespace

TEST_CASE("of two relays one works and the other is a ready standby; nothing is relayed twice") {
  Pair pair;
  CHECK(pair.shop.metric_of("leader") == 1);
  CHECK(leader(*pair.second) == 0);
  CHECK(pair.second->get("/readyz").status == 200);
  CHECK(eventually([&pair] { return std::isnan(pair.second->metric_of("orders", "backlog_rows")); }));
  pair.shop.insert(100);
  REQUIRE(pair.shop.is_relayed());
  CHECK(pair.shop.records().size() == 120);
  CHECK(pair.second->metric_of("orders", "records_published_total") == 0);
}

TEST_CASE("when the relay that leads is stopped or killed, the standby goes on") {
  Pair pair;
  const int signal = GENERATE(SIGTERM, SIGKILL);
  pair.shop.relay().signal(signal);
  CHECK(eventually([&pair] { return leader(*pair.second) == 1; }));
  pair.shop.insert(100);
  REQUIRE(pair.shop.is_relayed());
  CHECK(pair.shop.records().size() == 120);
}

TEST_CASE("a relay that was stopped for too long finds that another one leads, and completes nothing") {
  Pair pair;
  pair.shop.relay().signal(SIGSTOP);
  CHECK(eventually([&pair] { return leader(*pair.second) == 1; }, std::chrono::seconds{30}));
  pair.shop.insert(100);
  REQUIRE(pair.shop.is_relayed());
  const double published = 20;
  pair.shop.relay().signal(SIGCONT);
  REQUIRE(eventually([&pair] { return pair.shop.metric_of("state", ",state=\"standby\"") == 1; }));
  CHECK(pair.shop.metric_of("records_published_total") == published);
  pair.shop.insert(100);
  REQUIRE(pair.shop.is_relayed());
  CHECK(pair.shop.records().size() == 220);
  CHECK(pair.shop.metric_of("records_published_total") == published);
}
