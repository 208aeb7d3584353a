#include "core/plan.h"

#include "story.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;
using namespace std::chrono_literals;

// What the pieces do is tested beside them, and how they work together by the simulation (tests/relay). Here:
// what the plan adds, told as short stories.
TEST_CASE("a row is completed only after Kafka acknowledged it", "[plan]") {
  Story s;
  s.page_arrives({101});
  s.topic_opens();
  const auto published = s.publish();
  REQUIRE(published.size() == 1);
  CHECK(s.complete().empty());
  s.plan.delivered(*published[0], std::nullopt, s.now);
  CHECK(s.complete() == Ids{101});
  CHECK(s.plan.window().empty());
}

TEST_CASE("rows that somebody has locked let all others be completed first", "[plan]") {
  Story s;
  const auto acknowledge = [&s](const Ids& ids) {
    s.page_arrives(ids);
    s.topic_opens();
    for (auto published = s.publish(); !published.empty(); published = s.publish()) {
      for (InFlight* row : published) s.plan.delivered(*row, std::nullopt, s.now);
    }
  };
  acknowledge({101, 102});
  const auto batch = s.plan.next_completion(s.now);
  REQUIRE(batch.size() == 2);
  s.plan.completed(std::vector{batch[0]}, s.now);
  CHECK(s.plan.window().rows() == 1);
  CHECK(s.complete().empty());
  s.now += 500ms;
  acknowledge({103});
  CHECK(s.complete() == Ids{103});
  s.now += 500ms;
  CHECK(s.complete() == Ids{101});
  CHECK(s.plan.window().empty());
}

TEST_CASE("rows are published when the log that holds their commit has been flushed", "[plan]") {
  Story s;
  s.page_arrives({101}, {.value = 50}, {.value = 49});
  s.topic_opens();
  CHECK(s.publish().empty());
  CHECK(s.waits());
  s.now += 1ms;
  CHECK_FALSE(std::get<Plan::ReadFlushPosition>(s.plan.next_read(s.now)).flush_first);
  s.plan.flushed({49}, s.now);
  s.topic_opens();
  CHECK(s.publish().empty());
  s.plan.flushed({50}, s.now);
  s.topic_opens();
  CHECK(s.publish().size() == 1);
}

TEST_CASE("a log that nobody flushes is flushed for the rows that wait for it", "[plan]") {
  Story s{{.poll_interval_min = 100ms}};
  s.page_arrives({101}, {.value = 50}, {.value = 47});
  const auto reading_after = [&](auto time) {
    s.now += time;
    return std::get<Plan::ReadFlushPosition>(s.plan.next_read(s.now));
  };
  CHECK_FALSE(reading_after(1ms).flush_first);
  s.plan.flushed({48}, s.now);  // it moves by itself
  CHECK_FALSE(reading_after(1ms).flush_first);
  s.plan.flushed({48}, s.now);
  CHECK(reading_after(2ms).flush_first);
  s.plan.flushed({50}, s.now);
  CHECK(s.waits());

  // Not beside a completion, which does it by itself.
  s.topic_opens();
  s.plan.delivered(*s.publish().front(), std::nullopt, s.now);
  s.now += 100ms;
  s.page_arrives({102}, {.value = 60}, {.value = 50});
  REQUIRE(s.plan.next_completion(s.now).size() == 1);
  CHECK_FALSE(reading_after(2ms).flush_first);
  s.plan.flushed({50}, s.now);
  s.plan.completed({}, s.now);
  CHECK(reading_after(4ms).flush_first);
}

TEST_CASE("fetches do not put off the look at a log that nobody flushes", "[plan]") {
  Story s;
  s.page_arrives({101}, {.value = 60}, {.value = 50});
  for (const auto pause : {1ms, 2ms}) {
    s.now += pause;
    REQUIRE(std::holds_alternative<Plan::ReadFlushPosition>(s.plan.next_read(s.now)));
    s.plan.flushed({50}, s.now);  // it could not be flushed now
  }
  s.now += 2ms;
  s.page_arrives({102}, {.value = 60}, {.value = 50});
  s.now += 2ms;  // sooner than the next fetch
  CHECK(std::get<Plan::ReadFlushPosition>(s.plan.next_read(s.now)).flush_first);
}

TEST_CASE("a log that completions do not flush is flushed beside them, too", "[plan]") {
  Story s{{.poll_interval_min = 100ms, .completions_flush = false}};
  s.page_arrives({101});
  s.topic_opens();
  s.plan.delivered(*s.publish().front(), std::nullopt, s.now);
  REQUIRE(s.plan.next_completion(s.now).size() == 1);
  s.now += 100ms;
  s.page_arrives({102}, {.value = 60}, {.value = 50});
  s.plan.flushed({50}, s.now);
  s.now += 2ms;
  CHECK(std::get<Plan::ReadFlushPosition>(s.plan.next_read(s.now)).flush_first);
}

TEST_CASE("rows whose completion a crash may take back are not passed by later ones", "[plan]") {
  Story s;
  s.page_arrives({101, 102, 103});
  s.topic_opens();
  std::vector<InFlight*> published;
  for (auto more = s.publish(); !more.empty(); more = s.publish()) {
    published.insert(published.end(), more.begin(), more.end());
    if (published.size() == 1) s.plan.delivered(*published[0], std::nullopt, s.now);
  }
  REQUIRE(published.size() == 3);
  CHECK(s.complete() == Ids{101});
  s.plan.delivered(*published[1], std::nullopt, s.now);

  s.plan.source_lost();
  s.facts.may_have_lost_completions = true;
  CHECK(s.plan.source_opened(s.facts, s.now) == 2);
  CHECK(s.complete().empty());  // 102 is published again behind 101, if that is pending again
  CHECK(s.waits());             // and so is 103, once its report has come
  s.plan.delivered(*published[2], std::nullopt, s.now);
  CHECK(s.complete().empty());
  CHECK(s.plan.window().empty());
  s.page_arrives({101, 102, 103});
  CHECK(s.publish().size() == 3);
}

TEST_CASE("an empty poll is followed by longer and longer waits, a page by a short one", "[plan]") {
  Story s;
  const auto wait = [&s] { return *std::get<Plan::Wait>(s.plan.next_read(s.now)).until - s.now; };
  s.page_arrives({});
  CHECK(wait() == 10ms);
  for (int polls = 0; polls < 10; ++polls) {
    s.now += wait();
    s.page_arrives({});
  }
  CHECK(wait() == 500ms);
  s.now += wait();
  s.page_arrives({101});
  CHECK(wait() == 5ms);
}

TEST_CASE("a notification makes the next poll earlier, but for the shortest pause", "[plan]") {
  Story s;
  const auto wait = [&s] { return *std::get<Plan::Wait>(s.plan.next_read(s.now)).until - s.now; };
  for (int polls = 0; polls < 10; ++polls) {
    s.page_arrives({});
    s.now += wait();
  }
  s.page_arrives({});
  s.now += 2ms;
  CHECK(s.plan.notified(s.now));
  CHECK(wait() == 3ms);
  CHECK_FALSE(s.plan.notified(s.now));
  s.now += 3ms;
  const FetchRequest asked = s.request();
  CHECK(s.plan.fetched(asked, {}, s.now).cause == PollCause::notification);
  CHECK(wait() == 500ms);
  s.now += 100ms;
  CHECK(s.plan.notified(s.now));
  CHECK_FALSE(s.waits());
}

TEST_CASE("a full page is followed by the next fetch at once, while there is room", "[plan]") {
  Story s{{.limits = {.rows = 4, .bytes = {1 << 20}}, .page_rows = 2}};
  s.page_arrives({101, 102});
  s.page_arrives({103, 104});
  CHECK(s.waits());
}

TEST_CASE("a row that does not fit waits until it does, and comes alone if it never would", "[plan]") {
  Story s{{.limits = {.rows = 100, .bytes = {1000}}}};
  const FetchRequest asked = s.request();
  CHECK(asked.whole_row);
  s.plan.fetched(asked, {.page = page({101}), .cut_before = Bytes{5000}}, s.now);
  CHECK(s.waits());
  s.topic_opens();
  s.plan.delivered(*s.publish()[0], std::nullopt, s.now);
  s.complete();
  CHECK(s.request().whole_row);
}

TEST_CASE("a refused row halts the outbox; what Kafka took is still completed", "[plan]") {
  Story s{{.refused = OnRefusal::halt}};
  s.page_arrives({101, 102});
  s.topic_opens();
  const auto first = s.publish();
  s.plan.delivered(*first[0], std::nullopt, s.now);
  InFlight& second = *s.plan.next_publication(s.now);
  s.plan.refused(second, {Reason::invalid_headers, Remedy::park, "not an object", ""}, s.now);
  REQUIRE(s.plan.halted() != nullptr);
  CHECK(s.plan.halted()->message == "not an object");
  CHECK(s.plan.next_publication(s.now) == nullptr);
  CHECK(s.complete() == Ids{101});
  CHECK(s.waits());
  CHECK(s.plan.watermark() == 101);  // the refused row lies above it
}

TEST_CASE("rows that a broken producer returns are published again, in order", "[plan]") {
  Story s;
  s.page_arrives({101, 102, 103});
  s.topic_opens();
  s.plan.delivered(*s.publish()[0], std::nullopt, s.now);
  const auto rest = s.publish();
  const Failure purged{Reason::producer, Remedy::rebuild, "purged", ""};
  s.plan.delivered(*rest[0], purged, s.now);
  s.plan.delivered(*rest[1], purged, s.now);
  CHECK(s.plan.needs_new_producer());
  CHECK(s.plan.next_publication(s.now) == nullptr);
  CHECK(s.plan.producer_replaced(s.now) == 2);
  CHECK(s.publish() == std::vector{rest[0]});  // the gate is closed again
}

TEST_CASE("after a lost session nothing unpublished stays, and places prove nothing", "[plan]") {
  Story s;
  s.page_arrives({101, 102});
  s.topic_opens();
  const auto published = s.publish();
  REQUIRE(published.size() == 1);
  s.plan.source_lost();
  CHECK(s.plan.window().rows() == 1);
  CHECK_FALSE(published[0]->page->places_hold);
  CHECK_FALSE(s.plan.watermark());
  s.plan.delivered(*published[0], std::nullopt, s.now);
  CHECK(s.plan.next_completion(s.now).empty());
  s.plan.source_opened(s.facts, s.now);
  CHECK(s.complete() == Ids{101});
}

TEST_CASE("what a fetch says of a row of an earlier session is not believed once that one is complete",
          "[plan]") {
  Story s;
  s.page_arrives({101});
  s.topic_opens();
  s.plan.delivered(*s.publish()[0], std::nullopt, s.now);
  s.plan.source_lost();
  s.facts.last_drawn = 102;
  s.plan.source_opened(s.facts, s.now);
  const FetchRequest asked = s.request();
  CHECK(s.complete() == Ids{101});
  // Either the row itself, still pending in an older snapshot, or another one that got its id after a crash.
  s.plan.fetched(asked, {.page = page({101, 102}), .writers = Writers{}}, s.now);
  CHECK(s.plan.window().empty());
  s.page_arrives({101, 102});
  CHECK(s.plan.window().rows() == 2);
}

TEST_CASE("a completion whose outcome is unknown is repeated", "[plan]") {
  Story s;
  s.page_arrives({101});
  s.topic_opens();
  s.plan.delivered(*s.publish()[0], std::nullopt, s.now);
  CHECK(s.plan.next_completion(s.now).size() == 1);
  s.plan.completion_failed();
  CHECK(s.complete() == Ids{101});
}

TEST_CASE("the watermark stays below the first unfinished row and the first gap", "[plan]") {
  Story s;
  CHECK(s.plan.watermark() == 100);
  s.page_arrives({101, 103});
  CHECK(s.plan.watermark() == 100);
  s.topic_opens();
  s.plan.delivered(*s.publish()[0], std::nullopt, s.now);
  s.plan.delivered(*s.publish()[0], std::nullopt, s.now);
  s.complete();
  CHECK(s.plan.watermark() == 101);  // 102 may still come
}

TEST_CASE("draining ends when all that was handed to Kafka is completed", "[plan]") {
  Story s;
  s.page_arrives({101, 102});
  s.topic_opens();
  const auto published = s.publish();
  s.plan.drain();
  CHECK_FALSE(s.plan.is_drained());
  CHECK(s.plan.window().rows() == 1);  // 102 stays in the table
  s.plan.delivered(*published[0], std::nullopt, s.now);
  CHECK(s.complete() == Ids{101});
  CHECK(s.plan.is_drained());
}

TEST_CASE("the watermark stays below rows that a topic held back, though it opens while draining", "[plan]") {
  Story s;
  s.page_arrives({101, 102});
  for (const TopicId topic : s.plan.take_lookups(s.now)) {
    s.plan.topic_closed(topic, {Reason::missing, Remedy::hold_topic, "missing", ""}, s.now);
  }
  CHECK(s.plan.watermark() == 100);
  s.plan.drain();
  s.now += 1min;
  s.topic_opens();
  CHECK_FALSE(s.plan.lanes().lowest_held());
  CHECK(s.plan.watermark() == 100);
}

TEST_CASE("while the topic of all rows takes none, a backlog is not read through", "[plan]") {
  Story s{{.page_rows = 2}};
  s.page_arrives({101, 102});
  for (const TopicId topic : s.plan.take_lookups(s.now)) {
    s.plan.topic_closed(topic, {Reason::missing, Remedy::hold_topic, "missing", ""}, s.now);
  }
  s.page_arrives({103, 104});
  CHECK(s.plan.window().empty());
  CHECK(s.waits());
  s.plan.notified(s.now);
  CHECK(s.waits());
  s.now += s.settings.poll_interval;
  s.page_arrives({105, 106});
  CHECK(s.waits());

  s.now += 1min;
  s.topic_opens();
  const FetchRequest again = s.request();
  CHECK(again.after == RowId{100});
}

TEST_CASE("a page that arrives while draining is left in the table", "[plan]") {
  Story s;
  const FetchRequest asked = s.request();
  s.plan.drain();
  s.plan.fetched(asked, {.page = page({101})}, s.now);
  CHECK(s.plan.is_drained());
  CHECK(s.plan.watermark() == 100);
}

TEST_CASE("a few rows that wait do not pin the whole window", "[plan]") {
  Story s;
  const auto settle_all = [&s](std::int64_t but) {
    for (auto out = s.publish(); !out.empty(); out = s.publish()) {
      for (InFlight* row : out) {
        const bool is_good = row->row->id.number() != but;
        s.plan.delivered(
            *row, is_good ? std::nullopt : std::optional{Failure{Reason::other, Remedy::park, "bad", ""}},
            s.now);
      }
      if (s.plan.needs_new_producer()) s.plan.producer_replaced(s.now);
    }
    s.complete();
  };
  std::int64_t id = 101;
  for (int pages = 0; pages < 20; ++pages) {
    s.plan.wake(s.now);
    Page large;
    for (int at = 0; at < 512; ++at) large.rows.push_back(row(id++, std::nullopt));
    const FetchRequest asked = s.request();
    large.bytes = {std::min<std::size_t>(asked.max_bytes.count, 8 << 20)};  // 16 KB a row
    s.plan.fetched(asked, {.page = std::move(large), .writers = Writers{}}, s.now);
    s.topic_opens();
    settle_all(id - 1);  // the last one is refused, and cannot be parked
  }
  CHECK(s.plan.window().rows() == 20);
  CHECK(s.plan.window().count(Stage::refused) == 20);
}
