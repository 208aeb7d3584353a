#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

namespace {

/// A shop whose relay polls once an hour, as soon as the polls at its start have grown rare, and whose rows
/// are told of.
struct ListeningShop : Shop {
  ListeningShop() {
    start(orders_outbox(topic(), "    poll_interval: 1h\n    notify_channel: \"Orders of \\\"shop\\\"\"\n"));
    const auto trigger = command({"sql", "notify"}, {});
    REQUIRE(trigger.code == 0);
    execute(trigger.output);
  }

  [[nodiscard]] double polls_by_notification() const {
    return metric("outbox_relay_polls_total{cause=\"notification\",outbox=\"orders\"}").value();
  }
  /// Commits rows until one of them was fetched before the timer's time. False when that never happens.
  [[nodiscard]] bool is_woken() const {
    const double before = polls_by_notification();
    return eventually([this, before] {
      insert(1);
      return polls_by_notification() > before;
    });
  }
};

}  // namespace

TEST_CASE("a committed row is relayed before the next poll, because the relay is told of it") {
  const ListeningShop shop;
  CHECK(shop.is_woken());
  CHECK(shop.is_relayed());
}

TEST_CASE(
    "a relay whose listening connection was cut listens again, and finds what was committed meanwhile") {
  const ListeningShop shop;
  REQUIRE(shop.is_woken());
  REQUIRE(shop.is_relayed());
  shop.execute(
      "INSERT INTO outbox (aggregatetype, type, payload) VALUES ('invoice', 'Created', 'meanwhile');"
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND"
      " usename = 'outbox_relay' AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')");
  CHECK(shop.is_relayed());
  CHECK(eventually([&shop] {
    return shop.metric("outbox_relay_connections_opened_total{outbox=\"orders\",purpose=\"fetch\"}") == 2;
  }));
  CHECK(shop.is_woken());
  CHECK(shop.is_relayed());
}
