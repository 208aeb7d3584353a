#include "core/row_index.h"

#include <deque>

#include "core/window.h"
#include "rows.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;

namespace {

constexpr std::size_t many = 18'000;

struct Indexed {
  RowIndex index{20'000};
  std::deque<Row> rows;
  std::deque<InFlight> in_flight;

  void add(RowId id) {
    Row& content = rows.emplace_back(row(0));
    content.id = std::move(id);
    InFlight& added = in_flight.emplace_back();
    added.row = &content;
    index.add(added);
  }
};

}  // namespace

TEST_CASE("a row is found in a few steps among many, however its id is made", "[row_index]") {
  Indexed s;
  SECTION("one after the other") {
    for (std::size_t at = 0; at < many; ++at) s.add(RowId{static_cast<std::int64_t>(at)});
  }
  SECTION("in steps of a round number") {
    for (std::size_t at = 0; at < many; ++at) s.add(RowId{static_cast<std::int64_t>(at) << 16});
  }
  SECTION("as texts") {
    for (std::size_t at = 0; at < many; ++at) s.add(RowId{"0190a5c2-" + std::to_string(at)});
  }
  CHECK(s.index.longest_search() < 12);
  for (const Row& each : s.rows) CHECK(s.index.contains(each));
  for (std::size_t at = 0; at < many; at += 2) s.index.remove(s.in_flight[at]);
  for (std::size_t at = 0; at < many; ++at) CHECK(s.index.contains(s.rows[at]) == (at % 2 == 1));
}

TEST_CASE("two messages under one id are told apart", "[row_index]") {
  RowIndex index{10};
  CHECK_FALSE(index.contains(row(1)));
  const Row first = row(1, "key", "message-a");
  const Row second = row(1, "key", "message-b");
  InFlight one, other;
  one.row = &first;
  other.row = &second;
  index.add(one);
  CHECK_FALSE(index.contains(second));
  index.add(other);
  CHECK(index.contains(second));
  index.remove(one);
  CHECK_FALSE(index.contains(first));
  CHECK(index.contains(second));
}
