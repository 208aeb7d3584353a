#include <algorithm>
#include <csignal>
#include <set>

#include "shop.h"
#include "support/catch.h"
#include "support/notify_socket.h"

using namespace outbox_relay::testing;

TEST_CASE("SIGTERM in mid-flow leaves no acknowledged row unmarked") {
  Shop shop;
  shop.insert(60'000, 500);
  shop.start();
  REQUIRE(eventually([&shop] { return shop.metric_of("records_published_total") > 2000; }));
  shop.relay().signal(SIGTERM);
  CHECK(shop.relay().wait() == 0);

  std::set<std::string> published;
  for (const ConsumedRecord& record : shop.records()) published.insert(record.headers.at(0).value.value());
  CHECK(published.size() == 60'000U - static_cast<unsigned>(shop.pending()));
  CHECK(shop.log().find("settled=true") != std::string::npos);

  SECTION("and the next start relays the rest, nothing twice") {
    shop.start();
    REQUIRE(shop.is_relayed());
    CHECK(shop.records().size() == 60'000);
  }
}

TEST_CASE("a second signal leaves at once, although Kafka does not answer") {
  KafkaServer kafka;
  Shop shop{shared_postgres(), kafka};
  shop.start();
  shop.insert(10);
  REQUIRE(shop.is_relayed());
  kafka.kill();
  shop.insert(10);
  REQUIRE(eventually([&shop] { return shop.metric_of("in_flight_rows") > 0; }));
  shop.relay().signal(SIGTERM);
  REQUIRE(eventually([&shop] { return shop.log().find("draining") != std::string::npos; }));
  CHECK_FALSE(shop.relay().wait(std::chrono::milliseconds{500}));
  shop.relay().signal(SIGTERM);
  CHECK(shop.relay().wait() == 1);
  CHECK(shop.log().find("second signal") != std::string::npos);
}

TEST_CASE("SIGTERM before any server could be reached ends the relay, too") {
  PostgresServer postgres;
  Shop shop{postgres, shared_kafka()};
  postgres.stop();
  shop.start();
  REQUIRE(eventually([&shop] { return shop.log().find("fetching failed") != std::string::npos; }));
  shop.relay().signal(SIGTERM);
  CHECK(shop.relay().wait() == 0);
}

TEST_CASE("systemd hears that the relay has started, that it lives and that it stops, servers or not") {
  PostgresServer postgres;
  Shop shop{postgres, shared_kafka()};
  postgres.stop();
  NotifySocket systemd;
  shop.start("", {.environment = {"NOTIFY_SOCKET=" + systemd.name(), "WATCHDOG_USEC=300000"}, .wrapper = {}});
  REQUIRE(eventually([&systemd] { return systemd.messages().size() >= 4; }));
  shop.relay().signal(SIGTERM);
  CHECK(shop.relay().wait() == 0);

  const auto& messages = systemd.messages();
  CHECK(messages.front() == "READY=1");
  CHECK(messages.at(1) == "WATCHDOG=1");
  // drain_timeout and 5 s
  CHECK(std::ranges::count(messages, "STOPPING=1\nEXTEND_TIMEOUT_USEC=25000000") == 1);
}
