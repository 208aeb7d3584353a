#include <algorithm>
#include <csignal>

#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

namespace {

/// A row of this key that is larger than its topic takes; its number is -1.
void insert_large_row(const Shop& shop, const std::string& key) {
  shop.execute("INSERT INTO outbox (aggregatetype, aggregateid, type, payload) SELECT 'invoice', '" + key +
               "', 'Large', convert_to(string_agg(md5(i::text), ''), 'UTF8') FROM generate_series(1, 200) i");
}

void insert_row(const Shop& shop, const std::string& key, const std::string& number) {
  shop.execute("INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('invoice', '" + key +
               "', 'Created', convert_to('" + number + "', 'UTF8'))");
}

std::string parked(const Shop& shop) {
  return shop.value("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL");
}

}  // namespace

TEST_CASE("a row that Kafka refuses is parked, its key waits for it, and all else goes on") {
  Shop shop;
  const std::string small = shop.database() + ".small";
  shop.kafka().create_topic(small, 1, {{"max.message.bytes", "2000"}});
  shop.start(orders_outbox(small));
  shop.insert(5);
  REQUIRE(shop.is_relayed());
  insert_large_row(shop, "key-1");
  for (const char* number : {"100", "101", "102"}) insert_row(shop, "key-1", number);
  shop.insert(500);
  REQUIRE(shop.is_relayed());

  // The large row, and all of its key that came behind it.
  REQUIRE(eventually([&shop] { return parked(shop) == "54"; }));
  CHECK(shop.value("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL AND aggregateid <> 'key-1'") ==
        "0");
  CHECK(shop.value(
            "SELECT attempts || ' ' || split_part(last_error, ':', 1) FROM outbox WHERE type = 'Large'") ==
        "1 too_large");
  CHECK(shop.value(
            "SELECT DISTINCT attempts || ' ' || last_error FROM outbox WHERE parked_at IS NOT NULL AND type "
            "<> 'Large'") == "0 behind 6");
  CHECK(shop.metric_of("rows_parked_total", ",reason=\"too_large\"") == 1);
  CHECK(eventually(
      [&shop] { return shop.metric_of("parked_rows") == 1 && shop.metric_of("held_rows") == 53; }));
  CHECK(shop.get("/readyz").status == 200);

  SECTION("mended and requeued, it goes out first, and those behind it in order") {
    shop.execute("UPDATE outbox SET payload = convert_to('99', 'UTF8') WHERE type = 'Large'");
    const Finished requeued = shop.command({"parked", "requeue"}, {"--key", "key-1"});
    REQUIRE(requeued.code == 0);
    REQUIRE(shop.is_relayed());
    CHECK(parked(shop) == "0");
    const auto numbers = numbers_by_key(shop.kafka().consume_all(small)).at("key-1");
    REQUIRE(numbers.size() == 55);
    CHECK(std::vector<int>{numbers.begin() + 1, numbers.begin() + 5} == std::vector<int>{99, 100, 101, 102});
    CHECK(std::is_sorted(numbers.begin() + 5, numbers.end()));
    CHECK(shop.metric_of("rows_requeued_total") == 1);
  }

  SECTION("a restart remembers who is parked, and who waits") {
    shop.relay().signal(SIGTERM);
    REQUIRE(shop.relay().wait() == 0);
    const auto again = shop.another_relay();
    insert_row(shop, "key-1", "103");
    insert_row(shop, "key-2", "103");
    REQUIRE(shop.is_relayed());
    CHECK(parked(shop) == "55");
  }

  SECTION("discarded, it is never published, and those behind it are") {
    REQUIRE(shop.command({"parked", "discard"}, {"--all"}).code == 0);
    REQUIRE(shop.is_relayed());
    CHECK(eventually([&shop] { return parked(shop) == "0"; }));
    const auto records = shop.kafka().consume_all(small);
    CHECK(std::ranges::none_of(records, [](const auto& record) { return record.value->size() > 1000; }));
    CHECK(numbers_by_key(records).at("key-1").size() == 54);
  }
}

TEST_CASE("with refused: dead_letter a refused row goes to the dead letter topic, and nobody waits for it") {
  Shop shop;
  const std::string small = shop.database() + ".small";
  const std::string dead = shop.database() + ".dead";
  shop.kafka().create_topic(small, 1, {{"max.message.bytes", "2000"}});
  shop.kafka().create_topic(dead, 2);
  shop.start(orders_outbox(small, "    refused: dead_letter\n    dead_letter_topic: " + dead + "\n"));
  insert_large_row(shop, "key-1");
  insert_row(shop, "key-1", "100");
  REQUIRE(shop.is_relayed());
  CHECK(numbers_by_key(shop.kafka().consume_all(small)).at("key-1") == std::vector<int>{100});
  const auto letters = shop.kafka().consume_all(dead);
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].key == "key-1");
  CHECK(letters[0].value->size() == 6400);
  const auto header = [&letters](const std::string& name) {
    const auto found =
        std::ranges::find(letters[0].headers, name, [](const auto& each) { return each.name; });
    return found == letters[0].headers.end() ? "" : found->value.value_or("");
  };
  CHECK(header("dead-letter-reason") == "too_large");
  CHECK(header("dead-letter-topic") == small);
  CHECK(header("dead-letter-outbox") == "orders");
  CHECK(header("dead-letter-row-id") == "1");
  CHECK(shop.metric_of("rows_dead_lettered_total", ",reason=\"too_large\"") == 1);
}
