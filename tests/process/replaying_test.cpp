#include <algorithm>
#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

namespace {

/// The request by which a record was replayed; nothing: it came from the outbox itself.
std::optional<std::string> replay_of(const ConsumedRecord& record) {
  const auto found = std::ranges::find(record.headers, "replay", [](const auto& each) { return each.name; });
  return found == record.headers.end() ? std::nullopt : found->value;
}

std::vector<ConsumedRecord> replayed(const std::vector<ConsumedRecord>& records) {
  std::vector<ConsumedRecord> some;
  std::ranges::copy_if(records, std::back_inserter(some),
                       [](const auto& record) { return replay_of(record).has_value(); });
  return some;
}

std::vector<ConsumedRecord> live(const std::vector<ConsumedRecord>& records) {
  std::vector<ConsumedRecord> some;
  std::ranges::copy_if(records, std::back_inserter(some),
                       [](const auto& record) { return !replay_of(record).has_value(); });
  return some;
}

/// Rows 1 to `rows`, relayed.
void start_with_sent_rows(Shop& shop, int rows) {
  shop.start(orders_outbox(shop.topic(), "    sample_interval: 200ms\n"));
  shop.insert(rows);
  REQUIRE(shop.is_relayed());
}

/// A replay of rows 1 to 1000 that is under way: so many of them are out.
void begin_replay(const Shop& shop, int rows_per_second, int replayed_rows) {
  shop.execute(
      "INSERT INTO outbox_relay.replay (table_schema, table_name, table_oid, last_id, rows_per_second, "
      "wanted_rows) VALUES ('public', 'outbox', 'outbox'::regclass, '1000', " +
      std::to_string(rows_per_second) + ", 1000)");
  REQUIRE(eventually([&] {
    return shop.value("SELECT replayed_rows >= " + std::to_string(replayed_rows) +
                      " FROM outbox_relay.replay") == "t";
  }));
}

void hurry(const Shop& shop) {
  shop.execute("UPDATE outbox_relay.replay SET rows_per_second = 10000");
}

bool is_done(const Shop& shop) {
  return eventually([&] { return shop.value("SELECT state FROM outbox_relay.replay") == "done"; });
}

}  // namespace

TEST_CASE("sent rows go out once more, marked, while the live rows of their keys stay in order") {
  Shop shop;
  start_with_sent_rows(shop, 2000);
  shop.execute(
      "UPDATE outbox SET parked_at = now(), sent_at = NULL, last_error = 'other: no' WHERE id = 700");

  // More of the same keys while the replay is under way.
  shop.insert(3000);
  const auto done = shop.command({"replay"}, {"--from", "501", "--to", "1500", "--rate", "2000"});
  INFO(done.output << done.errors << shop.log());
  CHECK(done.code == 0);
  CHECK(done.output == "replay 1 done: 999 rows of 999 published once more\n");
  REQUIRE(shop.is_relayed());

  const auto records = shop.records();
  const auto again = replayed(records);
  CHECK(again.size() == 999);
  CHECK(rows_in(numbers_by_key(again)) == 999);
  CHECK(are_in_order(numbers_by_key(again)));
  CHECK(std::ranges::all_of(again, [](const auto& record) { return replay_of(record) == "1"; }));
  CHECK(live(records).size() == 5000);
  CHECK(are_in_order(numbers_by_key(live(records))));
  CHECK(shop.metric_of("records_replayed_total") == 999);
  CHECK(shop.metric_of("records_published_total") == 5000);
  CHECK(shop.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND parked_at IS NULL") == "0");
}

TEST_CASE("a replay goes on after its relay was killed, and repeats little") {
  Shop shop;
  start_with_sent_rows(shop, 1000);
  begin_replay(shop, 200, 100);
  shop.relay().signal(SIGKILL);
  static_cast<void>(shop.relay().wait());
  REQUIRE(shop.value("SELECT state FROM outbox_relay.replay") == "running");
  hurry(shop);

  const auto again = shop.another_relay();
  REQUIRE(is_done(shop));
  const auto records = replayed(shop.records());
  CHECK(rows_in(numbers_by_key(records)) == 1000);
  CHECK(records.size() <= 1020);  // a page of 200 rows a second
  CHECK(live(shop.records()).size() == 1000);
}

TEST_CASE("a replay that is not done when its relay stops waits for the next one") {
  Shop shop;
  start_with_sent_rows(shop, 1000);
  begin_replay(shop, 200, 100);
  shop.relay().signal(SIGTERM);
  CHECK(shop.relay().wait() == 0);
  CHECK(shop.value("SELECT state || ' ' || coalesce(holder::text, 'nobody') FROM outbox_relay.replay") ==
        "running nobody");
  CHECK(shop.value("SELECT replayed_rows FROM outbox_relay.replay") ==
        std::to_string(replayed(shop.records()).size()));

  SECTION("and is done then, without a repeat") {
    hurry(shop);
    const auto again = shop.another_relay();
    REQUIRE(is_done(shop));
    CHECK(replayed(shop.records()).size() == 1000);
  }
  SECTION("or until it is cancelled") {
    const auto done = shop.command({"replay"}, {"--cancel", "1"});
    CHECK(done.code == 0);
    CHECK(done.output.starts_with("replay 1 cancelled: "));
    CHECK(shop.value("SELECT ended_at IS NOT NULL FROM outbox_relay.replay") == "t");
  }
}

TEST_CASE("a replay under way is cancelled, and leaves the relay at work") {
  Shop shop;
  start_with_sent_rows(shop, 1000);
  begin_replay(shop, 10, 1);
  const auto done = shop.command({"replay"}, {"--cancel", "1"});
  CHECK(done.code == 0);
  CHECK(done.output.starts_with("replay 1 cancelled: "));
  CHECK(shop.value("SELECT replayed_rows < 900 FROM outbox_relay.replay") == "t");
  shop.insert(10);
  CHECK(shop.is_relayed());
  shop.relay().signal(SIGTERM);
  CHECK(shop.relay().wait() == 0);
}

TEST_CASE("a row that Kafka would not take again is left out of the replay, and counted") {
  Shop shop;
  const std::string small = shop.database() + ".small";
  shop.kafka().create_topic(small, 1, {{"max.message.bytes", "2000"}});
  shop.start(orders_outbox(small, "    sample_interval: 200ms\n"));
  shop.insert(30);
  REQUIRE(shop.is_relayed());
  shop.execute(
      "UPDATE outbox SET payload = (SELECT convert_to(string_agg(md5(i::text), ''), 'UTF8') FROM "
      "generate_series(1, 200) i) WHERE id = 11");
  const auto done = shop.command({"replay"}, {"--from", "1", "--to", "30", "--output", "json"});
  INFO(done.errors << shop.log());
  CHECK(done.code == 1);
  CHECK(done.output.find(R"("state":"done","wanted_rows":30,"replayed_rows":29,"refused_rows":1,)") !=
        std::string::npos);
  CHECK(done.errors.find("outbox-relay: row 11: ") != std::string::npos);
  const auto records = replayed(shop.kafka().consume_all(small));
  CHECK(rows_in(numbers_by_key(records)) == 29);
  CHECK(are_in_order(numbers_by_key(records)));
  CHECK(shop.value("SELECT parked_at IS NULL AND sent_at IS NOT NULL FROM outbox WHERE id = 11") == "t");
}
