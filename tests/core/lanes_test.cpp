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
  Lanes lanes{routing, 5min, [](const Value& key, std::int32_t) { return std::int32_t{key->front() - '0'}; },
              [] { return 0.0; }};
  TimePoint now = TimePoint{} + 1h;
  std::deque<Row> rows;
  std::deque<InFlight> in_flight;

  InFlight& enqueue(std::int64_t id, Value key) {
    InFlight& added = in_flight.emplace_back();
    added.row = &rows.emplace_back(row(id, key));
    added.topic = topic;
    if (pass(added) == Lanes::Passage::go_on) REQUIRE(goes_on(added));
    return added;
  }
  bool goes_on(InFlight& row) {
    const auto place = lanes.line_up(row, now);
    return std::holds_alternative<Lanes::Passage>(place) &&
           std::get<Lanes::Passage>(place) == Lanes::Passage::go_on;
  }
  Lanes::Passage pass(InFlight& row) { return std::get<Lanes::Passage>(lanes.pass(row, now)); }
  void open(std::int32_t partitions = 4) {
    for (InFlight* row : lanes.topic_opened(topic, partitions, {}, now).waiting) REQUIRE(goes_on(*row));
  }
  /// Hands over all that may go now.
  Ids publish() {
    Ids published;
    while (InFlight* next = lanes.next()) {
      published.push_back(next->row->id.number());
      lanes.handed_over(now);
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
  CHECK(f.lanes.take_lookups(f.now, false) == std::vector{topic});
  CHECK(f.lanes.take_lookups(f.now, false).empty());
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
  CHECK_FALSE(f.lanes.acknowledged(first, f.now));
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
  CHECK_FALSE(f.lanes.acknowledged(f.enqueue(1, "0"), f.now));
  f.publish();
  CHECK_FALSE(f.lanes.acknowledged(f.in_flight[0], f.now));
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
  CHECK(f.pass(late) == Lanes::Passage::leave);

  const auto reopened = f.lanes.topic_opened(topic, 4, {}, f.now);
  CHECK(reopened.lowest == RowId{4});
  CHECK(f.lanes.held_topics() == 0);
}

TEST_CASE("a held topic is looked up again with growing delays, however many rows failed", "[lanes]") {
  Fixture f;
  f.open();
  for (int row = 0; row < 100; ++row) f.lanes.topic_closed(topic, missing(), f.now);
  const auto first = f.lanes.next_lookup(f.now, false);
  REQUIRE(first);
  CHECK(*first - f.now == 250ms);
  CHECK(f.lanes.take_lookups(f.now, false).empty());
  f.now = *first;
  CHECK(f.lanes.take_lookups(f.now, false) == std::vector{topic});
  f.lanes.topic_closed(topic, missing(), f.now);
  CHECK(*f.lanes.next_lookup(f.now, false) - f.now == 500ms);
}

TEST_CASE("a held topic is not looked up while rows are on their way to it", "[lanes]") {
  Fixture f;
  f.open();
  InFlight& first = f.enqueue(1, "0");
  f.publish();
  f.lanes.topic_closed(topic, missing(), f.now);
  CHECK_FALSE(f.lanes.next_lookup(f.now, false));
  f.lanes.failed(first, f.now);
  CHECK(f.lanes.next_lookup(f.now, false));
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
    const auto place = f.lanes.line_up(in_flight, f.now);
    f.lanes.drop_waiting();
    if (const auto* failure = std::get_if<Failure>(&place)) return failure->message;
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
  f.open(1);
  f.open();
  f.enqueue(1, "3");
  CHECK(f.publish() == Ids{1});
}

TEST_CASE("a topic that a template names and that is missing for too long is given up", "[lanes]") {
  Fixture f;
  f.routing.topic = Template{{std::string{"orders."}, std::size_t{0}}};
  f.open();
  f.enqueue(5, "0");
  f.lanes.topic_closed(topic, missing(), f.now);
  InFlight late;
  late.row = &f.rows.emplace_back(row(7, "2"));
  late.topic = topic;

  f.now += 4min;
  CHECK(f.pass(late) == Lanes::Passage::leave);
  CHECK_FALSE(f.lanes.take_given_up(f.now));
  CHECK(f.lanes.next_lookup(f.now, false));

  f.now += 1min;
  CHECK(f.lanes.take_given_up(f.now) == RowId{5});  // to be read again, and refused
  CHECK(std::get<Failure>(f.lanes.pass(late, f.now)).remedy == Remedy::park);

  SECTION("and looked up no more, until another row asks for it, which is refused at once") {
    CHECK_FALSE(f.lanes.take_given_up(f.now));
    CHECK_FALSE(f.lanes.next_lookup(f.now, false));
    CHECK(f.lanes.held_topics() == 0);
    CHECK(f.pass(late) == Lanes::Passage::wait);
    CHECK(f.lanes.take_lookups(f.now, false) == std::vector{topic});
    CHECK(f.lanes.topic_closed(topic, missing(), f.now) == std::vector{&late});
    CHECK(f.lanes.gives_up(topic, f.now));
    CHECK(std::get<Failure>(f.lanes.pass(late, f.now)).remedy == Remedy::park);
  }
  SECTION("and taken up again when it appears") {
    f.open();
    CHECK(f.pass(late) == Lanes::Passage::go_on);
  }
}

TEST_CASE("a topic that the configuration names is never given up", "[lanes]") {
  Fixture f;
  f.routing.topic = Template{{std::string{"orders."}, std::size_t{0}}};
  f.lanes.expect(topic);
  f.open();
  f.enqueue(5, "0");
  f.lanes.topic_closed(topic, missing(), f.now);
  f.now += 24h;
  CHECK_FALSE(f.lanes.take_given_up(f.now));
  CHECK(f.lanes.needs_operator());
}

TEST_CASE("a partition that stays silent although brokers answer is on trial: one row tries", "[lanes]") {
  Fixture f;
  f.open();
  f.enqueue(1, "0");
  f.enqueue(2, "1");
  f.publish();
  f.now += 5s;
  CHECK_FALSE(f.lanes.acknowledged(f.in_flight[1], f.now));
  f.now += 6s;
  CHECK(f.lanes.take_lookups(f.now, false).empty());  // no harm while there is room in the window
  CHECK(f.lanes.take_lookups(f.now, true) == std::vector{topic});
  CHECK(f.lanes.take_lookups(f.now, true).empty());
  CHECK_FALSE(f.lanes.puts_on_trial(topic, "orders", f.now));  // brokers may have come back in this moment
  f.now += Lanes::silence_limit;
  CHECK(f.lanes.take_lookups(f.now, true) == std::vector{topic});
  CHECK(f.lanes.puts_on_trial(topic, "orders", f.now));
  CHECK(f.lanes.held_topics() == 1);

  // The producer gives the rows back.
  f.lanes.failed(f.in_flight[0], f.now);
  f.lanes.producer_replaced();
  CHECK(f.goes_on(f.in_flight[0]));
  InFlight& later = f.in_flight.emplace_back();
  later.row = &f.rows.emplace_back(row(3, "0"));
  later.topic = topic;
  CHECK(std::get<Lanes::Passage>(f.lanes.line_up(later, f.now)) == Lanes::Passage::leave);
  f.lanes.hold(later);
  f.enqueue(4, "1");  // the other partition takes rows as ever
  CHECK(f.publish() == Ids{1, 4});
  CHECK_FALSE(f.lanes.acknowledged(f.in_flight.back(), f.now));
  f.now += 1h;
  CHECK(f.lanes.take_lookups(f.now, true).empty());  // nothing more can be done

  CHECK(f.lanes.acknowledged(f.in_flight[0], f.now));
  CHECK(f.lanes.take_left(topic) == RowId{3});
  CHECK(f.lanes.held_topics() == 0);
}

TEST_CASE("a topic that is found, but refused its rows before, is tried with one row", "[lanes]") {
  const Failure denied{Reason::authorization, Remedy::hold_topic, "denied", ""};
  Fixture f;
  WindowPage page;
  f.open();
  InFlight& first = f.enqueue(1, "0");
  InFlight& second = f.enqueue(2, "1");
  first.page = second.page = &page;
  f.publish();
  first.stage = second.stage = Stage::waiting;
  f.lanes.failed(second, f.now);
  CHECK(f.lanes.keep(second, denied) == nullptr);
  f.lanes.topic_closed(topic, denied, f.now);
  f.lanes.failed(first, f.now);
  CHECK(f.lanes.keep(first, denied) == &second);  // the lowest is kept
  f.lanes.hold(second);
  f.lanes.producer_replaced();

  SECTION("after the producer was replaced the lowest row is the one that waits") {
    CHECK(f.pass(first) == Lanes::Passage::wait);
    auto reopened = f.lanes.topic_opened(topic, 4, {}, f.now);
    CHECK_FALSE(reopened.lowest);
    CHECK(reopened.waiting == std::vector{&first});
    CHECK(f.pass(first) == Lanes::Passage::go_on);
    CHECK(f.goes_on(first));
    CHECK(f.pass(second) == Lanes::Passage::leave);
    CHECK(f.publish() == Ids{1});

    SECTION("refused again, it stays, and nothing is read again") {
      f.lanes.failed(first, f.now);
      CHECK(f.lanes.keep(first, denied) == nullptr);
      f.lanes.topic_closed(topic, denied, f.now);
      CHECK(f.lanes.held_topics() == 1);
      CHECK_FALSE(f.lanes.take_left(topic));
    }
    SECTION("acknowledged, it opens the topic for all") {
      CHECK(f.lanes.took(first, f.now));
      CHECK(f.lanes.take_left(topic) == RowId{2});
      CHECK(f.lanes.held_topics() == 0);
    }
    SECTION("parked, it leaves the topic to the next look-up") {
      f.lanes.give_up(first);
      CHECK(f.lanes.next_lookup(f.now, false) <= f.now);
    }
  }
  SECTION("a row behind others that have left is not tried with") {
    InFlight& third = f.in_flight.emplace_back();
    third.row = &f.rows.emplace_back(row(3, "0"));
    third.page = &page;
    third.topic = topic;
    CHECK(f.pass(third) == Lanes::Passage::leave);
    CHECK(f.lanes.topic_opened(topic, 4, {}, f.now).lowest == RowId{2});
  }
}

TEST_CASE("a row that is larger than its topic takes is noticed before it is sent", "[lanes]") {
  Fixture f;
  Row large = row(1, "0");
  const std::string payload(900, 'x');
  large.payload = payload;
  InFlight in_flight;
  in_flight.row = &large;
  in_flight.topic = topic;
  f.lanes.topic_opened(topic, 4, Bytes{1000}, f.now);
  CHECK(f.lanes.looks_too_large(in_flight));
  f.lanes.topic_opened(topic, 4, Bytes{1100}, f.now);
  CHECK_FALSE(f.lanes.looks_too_large(in_flight));
  f.lanes.topic_opened(topic, 4, std::nullopt, f.now);  // the brokers do not tell
  CHECK_FALSE(f.lanes.looks_too_large(in_flight));
}

TEST_CASE("the rows of one key can be taken out; the gate stays with the next of their partition",
          "[lanes]") {
  Fixture f;
  f.open();
  f.enqueue(1, "0");
  f.enqueue(2, "0");
  f.enqueue(3, "0 another");
  const auto taken = f.lanes.take_key({topic, "0"});
  REQUIRE(taken.size() == 2);
  CHECK(taken[0]->row->id == RowId{1});
  CHECK(taken[1]->row->id == RowId{2});
  CHECK(f.publish() == Ids{3});
}
