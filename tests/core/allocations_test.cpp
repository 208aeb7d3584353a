// What a row costs in allocations on its way through the plan. Counted, because time says little on a shared
// machine: a container that allocates for each row has crept in before, and nobody saw it.
//
// Not under AddressSanitizer, whose own operators are worth more.
#ifndef __SANITIZE_ADDRESS__
#include <cstdlib>
#include <new>
#include <numeric>

#include "story.h"

namespace {

std::size_t allocations = 0;

}  // namespace

// NOLINTBEGIN: the program's own, as the standard allows
void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
// NOLINTEND

namespace outbox_relay::core::testing {
namespace {

constexpr std::size_t rows_a_page = 1000;

/// A backlog is drained: a page is read and published while the one before it is completed and the next one
/// has been asked for.
struct Drain : Story {
  std::int64_t next_id = 101;
  std::vector<InFlight*> published;

  Drain() : Story({.page_rows = rows_a_page}) { published.reserve(rows_a_page); }

  Page next_page() {
    Ids ids(rows_a_page);
    std::iota(ids.begin(), ids.end(), next_id);
    next_id += rows_a_page;
    return page(ids);
  }

  /// Time passes until a page is asked for; no id is missing in the table.
  FetchRequest next_fetch() {
    for (;; now += 1ms) {
      const auto reading = plan.next_read(now);
      if (const auto* fetch = std::get_if<FetchRequest>(&reading)) return *fetch;
      if (const auto* survey = std::get_if<Plan::SurveyFor>(&reading)) {
        plan.surveyed(*survey, {.gaps = {}, .surveyed = survey->request.up_to});
      }
    }
  }

  /// Of the plan alone.
  std::size_t allocations_of_a_page() {
    Fetched fetched{.page = next_page(), .writers = Writers{}};
    const FetchRequest asked = next_fetch();
    const std::size_t before = allocations;
    plan.fetched(asked, std::move(fetched), now);
    topic_opens();
    const FetchRequest next = next_fetch();
    while (InFlight* row = plan.next_publication(now)) {
      published.push_back(row);
      plan.published(*row, now);
      if (published.size() == 1) plan.delivered(*row, std::nullopt, now);  // the gate
    }
    for (InFlight* row : published) {
      if (row != published.front()) plan.delivered(*row, std::nullopt, now);
    }
    while (!plan.next_completion(now).empty()) plan.completed({}, now);
    const std::size_t after = allocations;
    CHECK(published.size() == rows_a_page);
    CHECK(plan.window().empty());
    published.clear();
    plan.fetched(next, {.writers = Writers{}}, now);
    return after - before;
  }
};

}  // namespace

TEST_CASE("a row passes through the plan without an allocation of its own", "[plan][allocations]") {
  Drain drain;
  SECTION("when it was written after the start") {}
  SECTION("when it was written before the start, so that it might be read again") {
    drain.facts.last_drawn = 1'000'000;
    drain.plan.source_opened(drain.facts, drain.now);
  }
  drain.allocations_of_a_page();
  // Queues of rows grow by 64 at a time.
  CHECK(drain.allocations_of_a_page() < rows_a_page / 10);
}

}  // namespace outbox_relay::core::testing

#endif
