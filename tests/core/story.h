#pragma once

#include <utility>
#include <vector>

#include "core/plan.h"
#include "rows.h"
#include "support/catch.h"

namespace outbox_relay::core::testing {

using namespace std::chrono_literals;

/// A plan whose outbox has ids up to 100 behind it, one topic with one partition, and no servers: the test
/// says what arrives.
struct Story {
  explicit Story(PlanSettings with = {}) : settings(with) { plan.source_opened(facts, now); }

  PlanSettings settings;
  Routing routing = [] {
    Routing result;
    result.topic = Template{{std::string{"orders"}}};
    return result;
  }();
  SourceFacts facts{.ids_from_sequence = true, .last_drawn = 100, .before_first = 100, .watermark = 100};
  TimePoint now = TimePoint{} + 1h;
  PartitionOf partition_of = [](const Value&, std::int32_t) { return 0; };
  std::int32_t partitions = 1;
  Plan plan{settings, routing,
            [this](const Value& key, std::int32_t count) { return partition_of(key, count); },
            [] { return 0.0; }};

  FetchRequest request() {
    auto reading = plan.next_read(now);
    REQUIRE(std::holds_alternative<FetchRequest>(reading));
    return std::get<FetchRequest>(reading);
  }
  bool waits() { return std::holds_alternative<Plan::Wait>(plan.next_read(now)); }
  void page_arrives(const Ids& ids, LogPosition written = {}, LogPosition flushed = {}) {
    rows_arrive(page(ids), written, flushed);
  }
  void rows_arrive(Page content, LogPosition written = {}, LogPosition flushed = {}) {
    const FetchRequest asked = request();
    plan.fetched(asked,
                 {.page = std::move(content), .writers = Writers{}, .written = written, .flushed = flushed},
                 now);
  }
  void topic_opens() {
    for (const TopicId topic : plan.take_lookups(now)) plan.topic_opened(topic, partitions, {}, now);
  }
  std::vector<InFlight*> publish() {
    std::vector<InFlight*> published;
    while (InFlight* row = plan.next_publication(now)) {
      published.push_back(row);
      plan.published(*row, now);
    }
    return published;
  }
  Ids complete() {
    Ids completed;
    for (const InFlight* row : plan.next_completion(now)) completed.push_back(row->row->id.number());
    plan.completed({}, now);
    return completed;
  }
};

}  // namespace outbox_relay::core::testing
