#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <sstream>

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

namespace {

/// The numbers that were published more than once.
std::set<int> repeated(const std::vector<ConsumedRecord>& records) {
  std::map<int, int> times;
  for (const auto& record : records) ++times[std::stoi(record.value.value())];
  std::set<int> result;
  for (const auto& [number, count] : times) {
    if (count > 1) result.insert(number);
  }
  return result;
}

std::set<int> pending_numbers(const Shop& shop) {
  std::set<int> result;
  std::istringstream numbers{
      shop.value("SELECT coalesce(string_agg(convert_from(payload, 'UTF8'), ' '), '') FROM outbox WHERE "
                 "sent_at IS NULL")};
  for (int number = 0; numbers >> number;) result.insert(number);
  return result;
}

/// Of each key, in the order of its partition, repeats included.
std::map<std::string, int> latest_by_key(const std::vector<ConsumedRecord>& records) {
  std::map<std::string, int> result;
  for (const auto& record : records) result[record.key.value()] = std::stoi(record.value.value());
  return result;
}

}  // namespace

TEST_CASE("of rows that are completed asynchronously, a crash of the database repeats what it takes back") {
  constexpr int rows = 200;
  constexpr int crashes = 3;
  PostgresServer postgres{{"wal_writer_delay=10s", "autovacuum=off"}};
  Shop shop{postgres};
  const bool relay_survives = GENERATE(true, false);
  const std::string outbox = orders_outbox(shop.topic(), "    completion_commit: asynchronous\n");
  std::set<int> taken_back;
  shop.start(outbox);
  for (int crash = 0; crash < crashes; ++crash) {
    shop.insert(rows);
    REQUIRE(shop.is_relayed());
    shop.relay().signal(relay_survives ? SIGSTOP : SIGKILL);
    postgres.stop(PostgresServer::Stop::immediate);
    postgres.start();
    taken_back.merge(pending_numbers(shop));
    if (relay_survives) {
      shop.relay().signal(SIGCONT);
    } else {
      shop.start(outbox);
    }
  }
  REQUIRE(shop.is_relayed());
  CHECK_FALSE(taken_back.empty());

  const auto records = shop.records();
  const auto by_key = numbers_by_key(records);
  const auto latest = latest_by_key(records);
  std::size_t unique = 0;
  for (const auto& [key, numbers] : by_key) {
    CHECK(std::ranges::is_sorted(numbers));
    CHECK(latest.at(key) == numbers.back());
    unique += numbers.size();
  }
  CHECK(unique == rows * crashes);
  CHECK(repeated(records) == taken_back);
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
