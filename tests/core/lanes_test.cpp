#include "core/lanes.h"

#include <deque>

#include "rows.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;
using namespace std::chrono_literals;

namespace {

constexpr TopicId topic{0};

Failure missing() {
  return {Reason::missing, Remedy::hold_topic, "the topic does not exist", ""};
}

/// Lanes of one topic with four partitions; a row's key is its partition.
struct Fixture {
  Routing routing;
  Lanes lanes{routing, [](const Value& key, std::int32_t) { return std::int32_t{key->front() - '0'}; },
              [] { return 0.0; }};
  TimePoint now = TimePoint{} + 1h;
  std::deque<Row> rows;
  std::deque<InFlight> in_flight;

  InFlight& enqueue(std::int64_t id, Value key) {
    InFlight& added = in_flight.emplace_back();
    added.row = &rows.emplace_back(row(id, key));
    added.topic = topic;
    REQUIRE(std::get<Lanes::Outcome>(lanes.enqueue(added, now)) == Lanes::Outcome::waiting);
    return added;
  }
  void open() { lanes.topic_opened(topic, 4, now); }
  /// Hands over all that may go now.
  Ids publish() {
    Ids published;
    while (InFlight* next = lanes.next()) {
      published.push_back(next->row->id.number());
      lanes.handed_over();
    }
    return published;
  }
};

}  // namespace

TEST_CASE("rows wait until their topic has been looked up", "[lanes]") {
  Fixture f;
  f.enqueue(1, "0");
  f.enqueue(2, "1");
  CHECK(f.publish().empty());
  CHECK(f.lanes.take_lookups(f.now) == std::vector{topic});
  CHECK(f.lanes.take_lookups(f.now).empty());
  f.open();
  CHECK(f.publish() == Ids{1, 2});
}

TEST_CASE("the first record of a partition travels alone", "[lanes]") {
  Fixture f;
  f.open();
  InFlight& first = f.enqueue(1, "0");
  f.enqueue(2, "0");
  f.enqueue(3, "1");
  f.enqueue(4, "0");
  CHECK(f.publish() == Ids{1, 3});
  f.lanes.acknowledged(first, f.now);
  CHECK(f.publish() == Ids{2, 4});
  f.enqueue(5, "0");
  CHECK(f.publish() == Ids{5});

  SECTION("so again under a new producer") {
    f.lanes.producer_replaced();
    f.enqueue(6, "0");
    f.enqueue(7, "0");
    CHECK(f.publish() == Ids{6});
  }
}

TEST_CASE("after an hour without traffic the gate closes again", "[lanes]") {
  Fixture f;
  f.open();
  f.lanes.acknowledged(f.enqueue(1, "0"), f.now);
  f.publish();
  f.lanes.acknowledged(f.in_flight[0], f.now);
  f.now += 2h;
  f.enqueue(2, "0");
  f.enqueue(3, "0");
  CHECK(f.publish() == Ids{2});
}

TEST_CASE("when the first row of a partition is refused, the next one takes its turn", "[lanes]") {
  Fixture f;
  f.open();
  f.enqueue(1, "0");
  f.enqueue(2, "0");
  f.enqueue(3, "0");
  f.lanes.drop_next();
  CHECK(f.publish() == Ids{2});
}

TEST_CASE("rows of a held topic leave, and the lowest of them is remembered", "[lanes]") {
  Fixture f;
  f.open();
  f.enqueue(5, "0");
  f.enqueue(4, "1");
  f.enqueue(6, "0");
  const auto leaving = f.lanes.topic_closed(topic, missing(), f.now);
  CHECK(leaving.size() == 3);
  CHECK(f.lanes.next() == nullptr);
  CHECK(f.lanes.held_topics() == 1);
  CHECK(f.lanes.lowest_held() == 4);

  InFlight late;
  late.row = &f.rows.emplace_back(row(7, "2"));
  late.topic = topic;
  CHECK(std::get<Lanes::Outcome>(f.lanes.enqueue(late, f.now)) == Lanes::Outcome::held);

  const auto reopened = f.lanes.topic_opened(topic, 4, f.now);
  CHECK(reopened.was_held);
  CHECK(reopened.lowest == RowId{4});
  CHECK(f.lanes.held_topics() == 0);
}

TEST_CASE("a held topic is looked up again with growing delays, however many rows failed", "[lanes]") {
  Fixture f;
  f.open();
  for (int row = 0; row < 100; ++row) f.lanes.topic_closed(topic, missing(), f.now);
  const auto first = f.lanes.next_lookup();
  REQUIRE(first);
  CHECK(*first - f.now == 250ms);
  CHECK(f.lanes.take_lookups(f.now).empty());
  f.now = *first;
  CHECK(f.lanes.take_lookups(f.now) == std::vector{topic});
  f.lanes.topic_closed(topic, missing(), f.now);
  CHECK(*f.lanes.next_lookup() - f.now == 500ms);
}

TEST_CASE("a held topic is not looked up while rows are on their way to it", "[lanes]") {
  Fixture f;
  f.open();
  InFlight& first = f.enqueue(1, "0");
  f.publish();
  f.lanes.topic_closed(topic, missing(), f.now);
  CHECK_FALSE(f.lanes.next_lookup());
  f.lanes.failed(first);
  CHECK(f.lanes.next_lookup());
}

TEST_CASE("the partition column decides, when it names a partition", "[lanes]") {
  Fixture f;
  f.routing.partition = 0;
  f.open();
  const auto partition_of = [&f](Value attribute) -> std::variant<std::int32_t, std::string> {
    const std::vector<Value> attributes{attribute};
    Row with = row(1, "3");
    with.attributes = attributes;
    InFlight in_flight;
    in_flight.row = &with;
    in_flight.topic = topic;
    const auto outcome = f.lanes.enqueue(in_flight, f.now);
    f.lanes.drop_waiting();
    if (const auto* failure = std::get_if<Failure>(&outcome)) return failure->message;
    return in_flight.partition;
  };
  CHECK(std::get<0>(partition_of("2")) == 2);
  CHECK(std::get<0>(partition_of(std::nullopt)) == 3);  // NULL: by the key
  const std::string refusal = "the partition column names none of the topic's 4 partitions";
  CHECK(std::get<1>(partition_of("4")) == refusal);
  CHECK(std::get<1>(partition_of("-1")) == refusal);
  CHECK(std::get<1>(partition_of("2x")) == refusal);
  CHECK(std::get<1>(partition_of("")) == refusal);
}

TEST_CASE("more partitions than before are used from then on", "[lanes]") {
  Fixture f;
  f.lanes.topic_opened(topic, 1, f.now);
  f.open();
  f.enqueue(1, "3");
  CHECK(f.publish() == Ids{1});
}
