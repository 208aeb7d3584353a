#include "core/cursor.h"

#include <limits>

#include "rows.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;

namespace {

constexpr std::size_t page_rows = 4;
constexpr auto lowest_id = std::numeric_limits<std::int64_t>::min();

const IsKnown nothing_known = [](const Row&) { return false; };

/// Answers the cursor's next fetch with rows of these ids.
struct Answer {
  Ids in_gaps;
  Ids above;
  std::optional<Writers> writers = Writers{};
  std::optional<Bytes> cut_before = {};
};

Absorbed answer(Cursor& cursor, const Answer& with, Ids* fresh = nullptr,
                const IsKnown& is_known = nothing_known) {
  const FetchRequest request = cursor.next_fetch(page_rows);
  Ids all = with.in_gaps;
  all.insert(all.end(), with.above.begin(), with.above.end());
  Fetched fetched{.page = page(all), .rows_in_gaps = with.in_gaps.size(), .cut_before = with.cut_before};
  if (request.read_writers) fetched.writers = with.writers;
  const Absorbed absorbed = cursor.absorb(request, fetched, is_known);
  if (fresh != nullptr) *fresh = ids(fetched.page.rows);
  return absorbed;
}

/// A cursor at the end of an empty table, all settled.
Cursor at(std::int64_t position) {
  Cursor cursor;
  cursor.start({.ids_from_sequence = true, .last_drawn = position, .before_first = 0, .watermark = position});
  return cursor;
}

}  // namespace

TEST_CASE("in steady state the position is the highest id fetched", "[cursor]") {
  Cursor cursor = at(100);
  CHECK_FALSE(cursor.next_survey());
  CHECK(cursor.next_fetch(page_rows).after == RowId{100});
  CHECK_FALSE(cursor.next_fetch(page_rows).up_to);
  answer(cursor, {.in_gaps = {}, .above = {101, 102}});
  CHECK(cursor.position() == 102);
  CHECK(cursor.next_fetch(page_rows).gaps.empty());
  CHECK_FALSE(cursor.next_fetch(page_rows).read_writers);
}

TEST_CASE("ids that were passed over are read again together with the next page", "[cursor]") {
  Cursor cursor = at(100);
  answer(cursor, {.in_gaps = {}, .above = {102, 105}});
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{101, 101}, {103, 104}});
  CHECK(cursor.next_fetch(page_rows).read_writers);
  CHECK(cursor.lowest_gap() == 101);

  Ids fresh;
  answer(cursor, {.in_gaps = {103}, .above = {106}, .writers = Writers{{"3/1"}}}, &fresh);
  CHECK(fresh == Ids{103, 106});
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{101, 101}, {104, 104}});
}

TEST_CASE("when the gaps alone fill a page, what lies above them waits", "[cursor]") {
  Cursor cursor = at(0);
  answer(cursor, {.in_gaps = {}, .above = {100}});
  Ids fresh;
  const auto absorbed = answer(cursor, {.in_gaps = {1, 2, 3, 4}, .above = {101}}, &fresh);
  CHECK(fresh == Ids{1, 2, 3, 4});
  CHECK(absorbed.is_full);
  CHECK(cursor.position() == 100);
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{5, 99}});  // read up to 4: the rest is not settled
}

TEST_CASE("a page cut off inside the gaps settles nothing behind the cut", "[cursor]") {
  Cursor cursor = at(0);
  answer(cursor, {.in_gaps = {}, .above = {100}});
  answer(cursor, {.in_gaps = {1}, .above = {}, .writers = Writers{}, .cut_before = Bytes{5000}});
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{2, 99}});
}

TEST_CASE("behind a start, rows without a missing id are read page by page", "[cursor]") {
  Cursor cursor;
  cursor.start({.ids_from_sequence = true, .last_drawn = 206, .before_first = 0, .watermark = 200});
  CHECK_FALSE(cursor.next_survey());
  CHECK(cursor.next_fetch(page_rows).after == RowId{200});
  CHECK(cursor.next_fetch(page_rows).up_to == RowId{204});  // a fetch walks over so many ids at the most
  answer(cursor, {.in_gaps = {}, .above = {201, 202, 203, 204}});
  CHECK_FALSE(cursor.next_survey());
  CHECK(cursor.is_catching_up());
  CHECK(cursor.next_fetch(page_rows).up_to == RowId{206});
  CHECK_FALSE(answer(cursor, {.in_gaps = {}, .above = {205, 206}}).is_full);
  CHECK_FALSE(cursor.next_survey());
  CHECK_FALSE(cursor.is_catching_up());
  CHECK(cursor.position() == 206);
  CHECK_FALSE(cursor.lowest_gap());
}

TEST_CASE("behind a start, a page that was cut off tells nothing of the ids behind the cut", "[cursor]") {
  Cursor cursor;
  cursor.start({.ids_from_sequence = true, .last_drawn = 206, .before_first = 0, .watermark = 200});
  answer(cursor, {.in_gaps = {}, .above = {201}, .cut_before = Bytes{5000}});
  CHECK_FALSE(cursor.next_survey());
  CHECK(cursor.position() == 201);
}

TEST_CASE("behind a start, the first missing id asks for a survey of what lies above", "[cursor]") {
  Cursor cursor;
  cursor.start({.ids_from_sequence = true, .last_drawn = 500, .before_first = 0, .watermark = 199});
  Ids fresh;
  CHECK(answer(cursor, {.in_gaps = {}, .above = {200, 202}}, &fresh).is_full);
  CHECK(fresh == Ids{200});  // whether 201 was sent or is a gap is not known: 202 may have to wait for it
  const auto survey = cursor.next_survey();
  REQUIRE(survey);
  CHECK(survey->after == 200);
  CHECK(survey->up_to == 500);
  cursor.surveyed({.gaps = {{250, 251}}, .surveyed = 300});
  CHECK_FALSE(cursor.next_survey());
  CHECK(cursor.next_fetch(page_rows).after == RowId{200});
  CHECK(cursor.next_fetch(page_rows).up_to == RowId{300});

  SECTION("and ids of sent rows are not taken for gaps") {
    answer(cursor, {.in_gaps = {}, .above = {210, 290}});
    CHECK(cursor.position() == 300);
    CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{250, 251}});
    CHECK(cursor.next_fetch(page_rows).up_to == RowId{304});
    answer(cursor, {.in_gaps = {}, .above = {}});
    CHECK(cursor.next_survey()->after == 300);
  }
  SECTION("and a full page stays inside the surveyed stretch") {
    answer(cursor, {.in_gaps = {}, .above = {201, 202, 203, 204}});
    CHECK(cursor.position() == 204);
    CHECK_FALSE(cursor.next_survey());
    CHECK(cursor.is_catching_up());
  }
}

TEST_CASE("behind a start, ids missing at the very top become gaps", "[cursor]") {
  Cursor cursor;
  cursor.start({.ids_from_sequence = true, .last_drawn = 202, .before_first = 0, .watermark = 200});
  answer(cursor, {.in_gaps = {}, .above = {201}});
  REQUIRE(cursor.next_survey());
  CHECK(cursor.next_survey()->after == 201);
  cursor.surveyed({.gaps = {{202, 202}}, .surveyed = 202});
  answer(cursor, {.in_gaps = {}, .above = {}});
  CHECK(cursor.lowest_gap() == 202);
  CHECK_FALSE(cursor.is_catching_up());
}

TEST_CASE("a start without a watermark watches the ids below the first row, too", "[cursor]") {
  Cursor cursor;
  cursor.start({.ids_from_sequence = true, .last_drawn = 10, .before_first = 5, .watermark = {}});
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{lowest_id, 5}});
}

TEST_CASE("rewound, the cursor reads the stretch again and skips what is known", "[cursor]") {
  Cursor cursor = at(100);
  answer(cursor, {.in_gaps = {}, .above = {101, 102, 103}});
  cursor.rewind(102);
  CHECK(cursor.may_repeat());
  Ids fresh;
  answer(cursor, {.in_gaps = {}, .above = {102, 103}}, &fresh,
         [](const Row& row) { return row.id == RowId{std::int64_t{103}}; });
  CHECK(fresh == Ids{102});
  CHECK(cursor.position() == 103);
  CHECK(cursor.lowest_gap() == std::nullopt);
}

TEST_CASE("a page that was asked for before a rewind is not taken in", "[cursor]") {
  Cursor cursor = at(100);
  answer(cursor, {.in_gaps = {}, .above = {101, 102}});
  const FetchRequest request = cursor.next_fetch(page_rows);
  cursor.rewind(101);
  Fetched fetched{.page = page({103})};
  cursor.absorb(request, fetched, nothing_known);
  CHECK(fetched.page.rows.empty());
  CHECK(cursor.position() == 100);
}

TEST_CASE("the sweep reads a chunk as if it were a gap, and tells what only it has found", "[cursor]") {
  Cursor cursor;
  cursor.start({.ids_from_sequence = true, .last_drawn = 100, .before_first = 0, .watermark = 100});
  answer(cursor, {.in_gaps = {}, .above = {102}});  // 101 is a gap
  const auto survey = cursor.next_sweep(100);
  REQUIRE(survey);
  CHECK(survey->after == 0);
  CHECK(survey->up_to == 100);
  cursor.swept({.gaps = {}, .surveyed = 60});
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{1, 60}, {101, 101}});
  const auto absorbed = answer(cursor, {.in_gaps = {17}, .above = {}, .writers = Writers{{"3/1"}}});
  CHECK(absorbed.late.size() == 1);
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{101, 101}});

  SECTION("a round ends at the limit and begins at the bottom again") {
    REQUIRE(cursor.next_sweep(100)->after == 60);
    cursor.swept({.gaps = {}, .surveyed = 100});
    answer(cursor, {.in_gaps = {}, .above = {}, .writers = Writers{{"3/1"}}});
    CHECK(cursor.next_sweep(100)->after == 0);
  }
}

TEST_CASE("a gap inside the sweep's chunk stays whole", "[cursor]") {
  Cursor cursor = at(100);
  answer(cursor, {.in_gaps = {}, .above = {110}});
  CHECK(cursor.next_sweep(110));
  cursor.swept({.gaps = {}, .surveyed = 105});
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{1, 100}, {101, 109}});
}

TEST_CASE("a row between two gaps that were joined is new, not late, and is taken once", "[cursor]") {
  Cursor cursor = at(0);
  const Writers open{{"3/1"}};
  std::int64_t id = 0;
  while (!cursor.has_many_gaps()) {
    id += 2;
    answer(cursor, {.in_gaps = {}, .above = {id}, .writers = open});
  }
  answer(cursor, {.in_gaps = {}, .above = {}, .writers = open});
  cursor.join_gaps(id);
  REQUIRE(cursor.next_fetch(page_rows).gaps == Ranges{{1, id - 1}});
  Ids fresh;
  const auto absorbed = answer(cursor, {.in_gaps = {100}, .above = {}, .writers = open}, &fresh);
  CHECK(fresh == Ids{100});
  CHECK(absorbed.late.empty());
  CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{1, 99}, {101, id - 1}});
  cursor.rewind(50);  // it was requeued, or its topic has opened: it is read above the position, and is known
  answer(cursor, {.in_gaps = {}, .above = {100}, .writers = open}, &fresh,
         [](const Row& row) { return row.id == RowId{std::int64_t{100}}; });
  CHECK(fresh.empty());
}

TEST_CASE("nothing overflows at either end of the ids", "[cursor]") {
  constexpr auto highest_id = std::numeric_limits<std::int64_t>::max();
  Cursor cursor;
  SECTION("the lowest") {
    cursor.start({.ids_from_sequence = true, .last_drawn = 5, .before_first = lowest_id, .watermark = 5});
    cursor.rewind(lowest_id);
    CHECK(cursor.position() == lowest_id);
  }
  SECTION("the highest") {
    cursor.start({.ids_from_sequence = true,
                  .last_drawn = highest_id,
                  .before_first = 0,
                  .watermark = highest_id - 1});
    cursor.surveyed({.gaps = {{highest_id, highest_id}}, .surveyed = highest_id});
    cursor.rewind(highest_id - 1);
    answer(cursor, {.in_gaps = {}, .above = {}});
    cursor.surveyed({.gaps = {{highest_id, highest_id}}, .surveyed = highest_id});
    answer(cursor, {.in_gaps = {}, .above = {}});
    CHECK(cursor.next_fetch(page_rows).gaps == Ranges{{highest_id, highest_id}});
  }
}
