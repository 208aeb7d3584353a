#include "core/plan.h"

#include <algorithm>

#include "story.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;

// One bad row is one bad row: what becomes of it, and who waits for it.
namespace {

Failure refusal(Remedy remedy = Remedy::isolate) {
  return {Reason::too_large, remedy, "too large", ""};
}

/// Of a suspect: the broker does not say why.
Failure unexplained() {
  return {Reason::other, Remedy::isolate, "unknown error", ""};
}

Page keyed_page(const std::vector<std::pair<std::int64_t, Value>>& rows) {
  Page result;
  for (const auto& [id, key] : rows) result.rows.push_back(row(id, key));
  result.bytes = {100};
  return result;
}

/// One more page, when it is time for it.
void next_page_arrives(Story& s, Page page) {
  s.plan.wake(s.now);
  if (std::holds_alternative<Plan::AskParked>(s.plan.next_read(s.now))) s.plan.released({}, s.now);
  s.rows_arrive(std::move(page));
}

/// Lets a page be published; the first row of the partition has its ack.
std::vector<InFlight*> publish_all(Story& s, Page page) {
  s.rows_arrive(std::move(page));
  s.topic_opens();
  auto published = s.publish();
  s.plan.delivered(*published[0], std::nullopt, s.now);
  const auto rest = s.publish();
  published.insert(published.end(), rest.begin(), rest.end());
  return published;
}

/// The request with these rows is refused, these others come back with the producer's end, and it is
/// replaced.
void request_refused(Story& s, const std::vector<InFlight*>& rows,
                     const std::vector<InFlight*>& returned = {}) {
  for (InFlight* each : rows) s.plan.delivered(*each, refusal(), s.now);
  const Failure purged{Reason::producer, Remedy::rebuild, "purged", ""};
  for (InFlight* each : returned) s.plan.delivered(*each, purged, s.now);
  REQUIRE(s.plan.needs_new_producer());
  s.plan.producer_replaced(s.now);
}

/// The request with this row is refused, these others come back, and it is the guilty one.
void found_guilty(Story& s, InFlight& row, const std::vector<InFlight*>& returned = {}) {
  request_refused(s, {&row}, returned);
  REQUIRE(s.plan.next_publication(s.now) == &row);
  s.publish();
  s.plan.delivered(row, refusal(Remedy::park), s.now);
}

struct Parked {
  Ids refused;
  std::vector<std::pair<std::int64_t, std::int64_t>> held;  ///< behind which row
};

/// What is to be parked now; all of it is.
Parked park(Story& s) {
  Parked result;
  std::vector<RowId> ids;
  for (const Parking& parking : s.plan.next_parking()) {
    const RowId id = parking.row->row->id;
    ids.push_back(id);
    if (parking.behind) {
      result.held.emplace_back(id.number(), parking.behind->number());
    } else {
      result.refused.push_back(id.number());
    }
  }
  s.plan.parked(ids, s.now);
  return result;
}

std::vector<RowId> asks_for(Story& s) {
  s.now += 2s;
  auto reading = s.plan.next_read(s.now);
  REQUIRE(std::holds_alternative<Plan::AskParked>(reading));
  return std::get<Plan::AskParked>(reading).rows;
}

}  // namespace

TEST_CASE("when a request is refused, its rows go out alone until the guilty one is found", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "a"}, {102, "b"}, {103, "c"}, {104, "d"}}));
  s.plan.delivered(*rows[3], std::nullopt, s.now);
  request_refused(s, {rows[1], rows[2]});

  auto alone = s.publish();
  REQUIRE(alone.size() == 1);
  CHECK(alone[0]->is_suspect);
  s.plan.delivered(*alone[0], std::nullopt, s.now);  // 102 is innocent
  alone = s.publish();
  REQUIRE(alone.size() == 1);
  s.plan.delivered(*alone[0], refusal(Remedy::park), s.now);  // 103 is not
  CHECK(park(s).refused == Ids{103});
  CHECK(s.complete() == Ids{101, 104, 102});
  CHECK(s.plan.window().empty());
  CHECK(s.plan.watermark() == 104);
}

TEST_CASE("other keys go on while suspects have their turn, later rows of their keys wait", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}}));
  request_refused(s, {rows[1]});
  REQUIRE(s.publish().size() == 1);
  next_page_arrives(s, keyed_page({{103, "a"}, {104, "b"}}));
  const auto others = s.publish();
  REQUIRE(others.size() == 1);
  CHECK(others[0]->row->id == RowId{104});
  s.plan.delivered(*rows[1], std::nullopt, s.now);
  s.plan.delivered(*others[0], std::nullopt, s.now);
  const auto later = s.publish();
  REQUIRE(later.size() == 1);
  CHECK(later[0]->row->id == RowId{103});
}

TEST_CASE("a suspect does not pass an earlier row of its key", "[plan]") {
  Story s;
  s.rows_arrive(keyed_page({{101, "a"}}));
  for (const TopicId topic : s.plan.take_lookups(s.now)) s.plan.topic_opened(topic, 1, Bytes{200}, s.now);
  const auto earlier = s.publish();
  Page large = keyed_page({{102, "a"}});
  const std::string payload(300, 'x');
  large.rows[0].payload = payload;
  next_page_arrives(s, std::move(large));
  CHECK(s.publish().empty());
  s.plan.delivered(*earlier[0], std::nullopt, s.now);
  const auto suspect = s.publish();
  REQUIRE(suspect.size() == 1);
  CHECK(suspect[0]->is_suspect);
}

TEST_CASE("a parked row holds back the later rows of its key, and nothing else", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}, {103, "a"}, {104, {}}}));
  request_refused(s, {rows[1], rows[2]}, {rows[3]});
  REQUIRE(s.publish() == std::vector{rows[1], rows[3]});
  s.plan.delivered(*rows[3], std::nullopt, s.now);
  s.plan.delivered(*rows[1], refusal(Remedy::park), s.now);
  Parked parked = park(s);
  CHECK(parked.refused == Ids{102});
  CHECK(parked.held == std::vector<std::pair<std::int64_t, std::int64_t>>{{103, 102}});

  next_page_arrives(s, keyed_page({{105, "a"}, {106, "b"}, {107, {}}}));
  CHECK(s.publish().size() == 2);
  parked = park(s);
  CHECK(parked.held == std::vector<std::pair<std::int64_t, std::int64_t>>{{105, 102}});
}

TEST_CASE("with parked_key: skip the later rows go on", "[plan]") {
  Story s{{.hold_keys = false}};
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}, {103, "a"}}));
  found_guilty(s, *rows[1], {rows[2]});
  CHECK(park(s).held.empty());
  CHECK(s.publish() == std::vector{rows[2]});
  s.plan.delivered(*rows[2], std::nullopt, s.now);
  CHECK(s.complete() == Ids{101, 103});
}

TEST_CASE("a requeued row is read again, in order before those it held back", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}}));
  found_guilty(s, *rows[1]);
  park(s);
  CHECK(asks_for(s) == std::vector{RowId{102}});
  CHECK(s.plan.released({{RowId{102}, true}}, s.now) == 1);
  const auto reading = s.plan.next_read(s.now);
  REQUIRE(std::holds_alternative<FetchRequest>(reading));
  CHECK(std::get<FetchRequest>(reading).after == RowId{101});  // from the requeued row on
  CHECK(s.plan.watermark() == 100);                            // 101 is not completed yet
}

TEST_CASE("a row that could not be held, because its predecessor was requeued meanwhile, is read again",
          "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}}));
  found_guilty(s, *rows[1]);
  park(s);
  next_page_arrives(s, keyed_page({{103, "a"}}));
  REQUIRE(s.plan.next_parking().size() == 1);
  s.plan.parked({}, s.now);
  CHECK(s.publish().empty());  // not before it is known what became of 102
  auto reading = s.plan.next_read(s.now);
  REQUIRE(std::holds_alternative<Plan::AskParked>(reading));
  s.plan.released({{RowId{102}, true}}, s.now);
  CHECK(s.plan.watermark() == 100);  // 101 is not completed yet
}

TEST_CASE("after a restart the parked rows of the table hold back their keys", "[plan]") {
  Story s;
  s.plan.source_lost();
  SourceFacts facts = s.facts;
  facts.parked = keyed_page({{90, "a"}});
  s.plan.source_opened(facts, s.now);
  CHECK(asks_for(s) == std::vector{RowId{90}});
  s.plan.released({}, s.now);
  next_page_arrives(s, keyed_page({{101, "a"}, {102, "b"}}));
  s.topic_opens();
  const auto published = s.publish();
  REQUIRE(published.size() == 1);
  CHECK(published[0]->row->id == RowId{102});
  CHECK(park(s).held == std::vector<std::pair<std::int64_t, std::int64_t>>{{101, 90}});
}

TEST_CASE("a suspect that is refused without a reason lets the others go first", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}, {103, "b"}}));
  request_refused(s, {rows[1], rows[2]});
  REQUIRE(s.publish() == std::vector{rows[1]});
  s.plan.delivered(*rows[1], unexplained(), s.now);
  CHECK(s.publish().empty());  // a broker in trouble is not asked at once
  s.now += 10s;
  CHECK(s.publish() == std::vector{rows[2]});
  s.plan.delivered(*rows[2], std::nullopt, s.now);
  CHECK(s.publish() == std::vector{rows[1]});
}

TEST_CASE("refused without a reason, a row is parked when its partition takes others again and again",
          "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}}));
  request_refused(s, {rows[1]});
  for (int attempt = 1; attempt <= 5; ++attempt) {
    CHECK_FALSE(s.plan.has_parkings());
    REQUIRE(s.publish() == std::vector{rows[1]});
    s.plan.delivered(*rows[1], unexplained(), s.now);
    next_page_arrives(s, keyed_page({{102 + attempt, "other"}}));
    const auto others = s.publish();
    REQUIRE(others.size() == 1);
    s.now += 10s;
    s.plan.delivered(*others[0], std::nullopt, s.now);
  }
  CHECK(park(s).refused == Ids{102});
}

TEST_CASE("while Kafka takes nothing at all, a row is not parked for a refusal without a reason", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}, {103, "a"}}));
  request_refused(s, {rows[1]}, {rows[2]});
  for (int attempt = 0; attempt < 100; ++attempt) {
    s.now += 10s;
    REQUIRE(s.publish() == std::vector{rows[1]});
    s.plan.delivered(*rows[1], unexplained(), s.now);
  }
  CHECK_FALSE(s.plan.has_parkings());
}

TEST_CASE("alone in its partition, such a row is parked after topic_grace, if other partitions take rows",
          "[plan]") {
  Story s;
  s.partition_of = [](const Value& key, std::int32_t) { return key == "a" ? 1 : 0; };
  s.partitions = 2;
  s.rows_arrive(keyed_page({{101, "z"}, {102, "a"}}));
  s.topic_opens();
  const auto rows = s.publish();
  REQUIRE(rows.size() == 2);
  s.plan.delivered(*rows[0], std::nullopt, s.now);
  request_refused(s, {rows[1]});
  const TimePoint refused_first = s.now;
  for (std::int64_t id = 103; !s.plan.has_parkings(); ++id) {
    REQUIRE(s.now <= refused_first + s.settings.topic_grace);
    s.now += 10s;
    next_page_arrives(s, keyed_page({{id, "z"}}));
    for (InFlight* row : s.publish()) {
      s.plan.delivered(*row, row == rows[1] ? std::optional{unexplained()} : std::nullopt, s.now);
    }
    s.complete();
  }
  CHECK(s.now - refused_first >= s.settings.topic_grace);
  CHECK(park(s).refused == Ids{102});
}

TEST_CASE("rows behind a suspect leave the window before they fill it, and follow in order", "[plan]") {
  Story s{{.limits = {.rows = 40, .bytes = {1 << 20}}, .page_rows = 10}};
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}}));
  request_refused(s, {rows[1]});
  s.publish();
  std::int64_t id = 103;
  for (int page = 0; page < 10; ++page) {
    std::vector<std::pair<std::int64_t, Value>> content;
    for (int row = 0; row < 9; ++row) content.emplace_back(id++, "a");
    content.emplace_back(id++, "other");
    next_page_arrives(s, keyed_page(content));
    const auto others = s.publish();
    REQUIRE(others.size() == 1);  // another key never waits for room
    s.plan.delivered(*others[0], std::nullopt, s.now);
    s.complete();
  }
  CHECK(s.plan.window().rows() <= 12);
  CHECK(s.plan.watermark() == 101);
  s.plan.delivered(*rows[1], std::nullopt, s.now);
  const auto followers = s.publish();
  REQUIRE(followers.size() == 10);
  CHECK(followers.front()->row->id == RowId{103});
  s.plan.wake(s.now);
  const auto reading = s.plan.next_read(s.now);
  REQUIRE(std::holds_alternative<FetchRequest>(reading));
  CHECK(std::get<FetchRequest>(reading).after == RowId{113});  // the first one that had to leave is 114
}

TEST_CASE("a suspect without an answer does not keep the others waiting", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}, {103, "b"}}));
  request_refused(s, {rows[1], rows[2]});
  REQUIRE(s.publish() == std::vector{rows[1]});
  s.plan.delivered(*rows[1], Failure{Reason::timeout, Remedy::retry, "no answer", ""}, s.now);
  s.now += 10s;
  CHECK(s.publish() == std::vector{rows[2]});
}

TEST_CASE("a refused row goes to the dead letter topic, and counts as relayed when that has it", "[plan]") {
  Story s{{.refused = OnRefusal::dead_letter, .dead_letter_topic = "dead"}};
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}, {103, "a"}}));
  found_guilty(s, *rows[1], {rows[2]});
  CHECK(s.publish() == std::vector{rows[2]});  // it waits for nobody
  s.plan.delivered(*rows[2], std::nullopt, s.now);
  s.topic_opens();
  const auto dead = s.publish();
  REQUIRE(dead.size() == 1);
  REQUIRE(dead[0]->dead_letter);
  CHECK(dead[0]->dead_letter->topic == "orders");
  CHECK(s.plan.topic_name(dead[0]->topic) == "dead");
  s.plan.delivered(*dead[0], std::nullopt, s.now);
  CHECK(s.complete() == Ids{101, 103, 102});
}

TEST_CASE("what the dead letter topic refuses as well halts the outbox", "[plan]") {
  Story s{{.refused = OnRefusal::dead_letter, .dead_letter_topic = "dead"}};
  s.page_arrives({101});
  s.topic_opens();
  InFlight& first = *s.plan.next_publication(s.now);
  s.plan.refused(first, refusal(Remedy::park), s.now);
  s.topic_opens();
  InFlight& dead = *s.plan.next_publication(s.now);
  s.plan.refused(dead, refusal(Remedy::park), s.now);
  REQUIRE(s.plan.halted() != nullptr);
  CHECK(s.plan.halted()->message == "the dead letter topic refuses a row: too large");
}

TEST_CASE("what was refused in a session that was lost is read, and refused, again", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}}));
  found_guilty(s, *rows[1]);
  REQUIRE(s.plan.next_parking().size() == 1);
  s.plan.parking_failed();
  s.plan.source_lost();
  CHECK(s.plan.window().rows() == 1);  // the acknowledged one
  s.plan.source_opened(s.facts, s.now);
  CHECK(s.plan.next_parking().empty());
}

TEST_CASE("a standby leaves what it had in flight to the relay that leads", "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "a"}, {102, "b"}}));
  s.plan.source_lost();
  s.plan.stand_by();
  CHECK(s.plan.window().rows() == 1);
  s.plan.delivered(*rows[1], std::nullopt, s.now);
  CHECK(s.plan.window().empty());
}

TEST_CASE("a suspect that comes back after its session was lost is read again, if it is pending still",
          "[plan]") {
  Story s;
  const auto rows = publish_all(s, keyed_page({{101, "z"}, {102, "a"}}));
  request_refused(s, {rows[1]});
  REQUIRE(s.publish() == std::vector{rows[1]});
  s.plan.source_lost();
  const Failure unknown{Reason::timeout, Remedy::retry, "no answer", ""};

  SECTION("while another relay may lead") {
    s.plan.delivered(*rows[1], unknown, s.now);
    s.plan.stand_by();
    CHECK(s.plan.window().empty());
    s.plan.source_opened(s.facts, s.now);
  }
  SECTION("when this one leads again") {
    s.plan.source_opened(s.facts, s.now);
    s.plan.delivered(*rows[1], unknown, s.now);
  }
  s.now += 1min;
  CHECK(s.publish().empty());
  s.plan.wake(s.now);
  CHECK(s.request().after == RowId{100});
}
