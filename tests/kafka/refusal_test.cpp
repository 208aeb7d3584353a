// A real broker refuses a batch.
#include <algorithm>

#include "harness.h"
#include "support/catch.h"
#include "support/kafka_admin.h"
#include "support/servers.h"

using namespace outbox_relay::kafka::testing;
using outbox_relay::core::DatabaseTime;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::relay::Accepted;
using outbox_relay::testing::KafkaAdmin;
using outbox_relay::testing::shared_kafka;

namespace {

/// Batches fill up to a hundred rows, and are not made small by compression.
const Harness::Properties full_batches{
    {"linger.ms", "1000"}, {"batch.num.messages", "100"}, {"compression.type", "none"}};

TestRow numbered(int i, std::size_t size = 100) {
  return {.message_id = std::to_string(i), .payload = std::string(size, 'x')};
}

std::vector<int> in_order(const std::vector<std::string>& ids) {
  std::vector<int> numbers;
  for (const auto& id : ids) numbers.push_back(std::stoi(id));
  std::ranges::sort(numbers);
  return numbers;
}

constexpr std::size_t too_much = 200'000;
constexpr int canary = 2;  ///< a partition

/// Makes the topic, of which the sinks have heard already, take less than `too_much`.
void narrow(const std::string& topic) {
  KafkaAdmin{shared_kafka().bootstrap()}.set_property(topic, "max.message.bytes", "100000");
  Harness harness{shared_kafka().bootstrap(), {}, full_batches};
  harness.open_topic(topic);
  for (int attempt = 0;; ++attempt) {
    const std::string id = std::to_string(attempt);
    harness.publish(
        {.message_id = id, .payload = std::string(too_much, 'x'), .partition = canary, .is_suspect = true});
    REQUIRE(harness.until_reported());
    if (harness.fate(id)) break;
  }
}

/// What is in the topic, but for what `narrow` left there.
std::vector<std::string> ids_in(const std::string& topic) {
  std::vector<std::string> ids;
  for (const auto& record : shared_kafka().consume_all(topic)) {
    if (record.partition != canary) ids.push_back(record.headers.front().value.value_or(""));
  }
  return ids;
}

}  // namespace

TEST_CASE("a batch with a row that is too large is refused whole, and nothing behind it is delivered",
          "[refusal]") {
  shared_kafka().create_topic("narrow", 3);
  Harness harness{shared_kafka().bootstrap(), {}, full_batches};
  harness.open_topic("narrow");
  harness.publish(numbered(0));
  harness.publish({.message_id = "elsewhere", .partition = 1});
  REQUIRE(harness.until_reported());
  REQUIRE(harness.acknowledged() == 2);
  narrow("narrow");

  constexpr int guilty = 50;
  constexpr int last = 2500;
  int taken = 0;
  while (taken < last) {
    const int next = taken + 1;
    // Once the batch is refused nothing more is taken.
    if (harness.publish(numbered(next, next == guilty ? too_much : 100)).accepted != Accepted::yes) break;
    taken = next;
  }
  REQUIRE(taken > guilty);
  REQUIRE(harness.until([&] { return !harness.ends.empty(); }));
  harness.rebuild();
  const auto handed_over = static_cast<std::size_t>(taken) + 2;
  REQUIRE(harness.reports() == handed_over);
  CHECK(harness.ends.size() == 1);

  // The guilty row's batch carries Kafka's answer; whatever else failed did so because of it.
  REQUIRE(harness.fate(std::to_string(guilty)));
  CHECK(harness.fate(std::to_string(guilty))->reason == Reason::too_large);
  CHECK(harness.fate(std::to_string(guilty))->remedy == Remedy::isolate);
  const std::size_t suspects = harness.failed(Reason::too_large, Remedy::isolate);
  CHECK(suspects > 1);
  CHECK(suspects + harness.failed(Reason::producer, Remedy::rebuild) + harness.acknowledged() == handed_over);

  // What is in the log is what was acknowledged, and it ends before the refused batch.
  const auto delivered = ids_in("narrow");
  CHECK(delivered.size() == harness.acknowledged());
  for (const auto& id : delivered) {
    CAPTURE(id);
    CHECK((id == "elsewhere" || std::stoi(id) < guilty));
  }

  // A new producer delivers all that is left, in order.
  harness.open_topic("narrow");
  bool is_first = true;
  std::vector<std::string> expected;
  for (int i = 0; i <= last; ++i) {
    const std::string id = std::to_string(i);
    if (i == guilty) continue;
    expected.push_back(id);
    if (i <= taken && !harness.fate(id)) continue;
    const auto publication = i <= taken ? harness.publish_again(id) : harness.publish(numbered(i));
    REQUIRE(publication.accepted == Accepted::yes);
    if (std::exchange(is_first, false)) REQUIRE(harness.until_reported());  // the gate
  }
  REQUIRE(harness.until_reported());
  CHECK(harness.acknowledged() == last + 1);
  expected.emplace_back("elsewhere");
  CHECK(ids_in("narrow") == expected);
}

TEST_CASE("one row that is too large among a thousand is found, and all others are delivered in order",
          "[refusal]") {
  shared_kafka().create_topic("isolating", 3);
  Harness harness{shared_kafka().bootstrap(), {}, full_batches};
  harness.open_topic("isolating");
  constexpr int last = 1000;
  constexpr int guilty = 500;
  const auto row = [](int i) {
    TestRow made = numbered(i, i == guilty ? too_much : 100);
    made.key = "key " + std::to_string(i % 7);
    return made;
  };
  harness.publish(row(0));
  REQUIRE(harness.until_reported());
  narrow("isolating");
  int taken = 0;
  while (taken < last && harness.publish(row(taken + 1)).accepted == Accepted::yes) ++taken;
  REQUIRE(harness.until([&] { return !harness.ends.empty(); }));
  harness.rebuild();
  const auto suspects = in_order(harness.returned_ids(Remedy::isolate));
  REQUIRE(std::ranges::find(suspects, guilty) != suspects.end());
  REQUIRE(suspects.size() > 1);

  // Each suspect alone has its own verdict; then the others follow.
  for (const int i : suspects) {
    REQUIRE(harness.publish_again(std::to_string(i), true).accepted == Accepted::yes);
    REQUIRE(harness.until_reported());
  }
  CHECK(harness.returned_ids(Remedy::park) == std::vector{std::to_string(guilty)});
  CHECK(harness.fate(std::to_string(guilty))->reason == Reason::too_large);
  harness.open_topic("isolating");
  bool is_first = true;
  for (int i = suspects.back() + 1; i <= last; ++i) {
    const auto publication = i <= taken ? harness.publish_again(std::to_string(i)) : harness.publish(row(i));
    REQUIRE(publication.accepted == Accepted::yes);
    if (std::exchange(is_first, false)) REQUIRE(harness.until_reported());  // the gate
  }
  REQUIRE(harness.until_reported());

  CHECK(harness.acknowledged() == last);
  std::vector<std::string> expected;
  for (int i = 0; i <= last; ++i) {
    if (i != guilty) expected.push_back(std::to_string(i));
  }
  CHECK(ids_in("isolating") == expected);
}

TEST_CASE("a record too far in the future is refused with its batch", "[refusal]") {
  shared_kafka().create_topic("clocks");
  // A relay whose own clock is ahead as well: nothing else would let such a time through.
  const auto ahead = +[] { return std::chrono::system_clock::now() + std::chrono::hours{3}; };
  Harness harness{shared_kafka().bootstrap(), {}, full_batches, ahead};
  harness.open_topic("clocks");
  harness.publish({.message_id = "first"});
  REQUIRE(harness.until_reported());
  const auto in_two_hours =
      std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()) + std::chrono::hours{2};
  harness.publish({.message_id = "innocent"});
  harness.publish({.message_id = "early", .created_at = DatabaseTime{in_two_hours.time_since_epoch()}});
  REQUIRE(harness.until_reported());
  REQUIRE(harness.fate("early"));
  CHECK(harness.fate("early")->reason == Reason::invalid_record);
  CHECK(harness.fate("early")->remedy == Remedy::isolate);
  CHECK(harness.fate("early")->hint.starts_with("compare the clocks"));
  CHECK(harness.fate("innocent")->remedy == Remedy::isolate);
}

TEST_CASE("a compacted topic refuses a row without a key", "[refusal]") {
  shared_kafka().create_topic("compacted", 1, {{"cleanup.policy", "compact"}});
  Harness harness{shared_kafka().bootstrap()};
  harness.open_topic("compacted");
  harness.publish({.message_id = "keyed", .key = "k"});
  REQUIRE(harness.until_reported());
  CHECK_FALSE(harness.fate("keyed"));
  harness.publish({.message_id = "keyless"});
  REQUIRE(harness.until_reported());
  REQUIRE(harness.fate("keyless"));
  CHECK(harness.fate("keyless")->reason == Reason::invalid_record);
  CHECK(harness.fate("keyless")->remedy == Remedy::isolate);
}
