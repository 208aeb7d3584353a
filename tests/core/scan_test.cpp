#include "core/scan.h"

#include "rows.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;

namespace {

Fetched found(const Ids& ids) {
  return {.page = page(ids)};
}

}  // namespace

TEST_CASE("a pass goes on above its last row while pages are full, then begins at the bottom", "[scan]") {
  Scan scan;
  FetchRequest request = scan.next_fetch(2);
  CHECK_FALSE(request.after);
  CHECK(request.read_highest);
  Fetched first = found({3, 5});
  first.highest = RowId{9};
  CHECK(scan.absorb(request, first, [](const Row&) { return false; }).is_full);
  CHECK(scan.next_fetch(2).after == RowId{5});
  CHECK(scan.next_fetch(2).up_to ==
        RowId{9});  // a row behind this pass may have a later one of its key above it

  request = scan.next_fetch(2);
  Fetched last = found({7});
  CHECK_FALSE(scan.absorb(request, last, [](const Row&) { return false; }).is_full);
  CHECK_FALSE(scan.next_fetch(2).after);
}

TEST_CASE("rows that are in flight are skipped", "[scan]") {
  Scan scan;
  FetchRequest request = scan.next_fetch(4);
  Fetched fetched = found({1, 2, 3});
  scan.absorb(request, fetched, [](const Row& row) { return row.id == RowId{std::int64_t{2}}; });
  CHECK(ids(fetched.page.rows) == Ids{1, 3});
}

TEST_CASE("a pass over a table that was empty when its highest id was read ends with its first page",
          "[scan]") {
  Scan scan;
  FetchRequest request = scan.next_fetch(2);
  Fetched fetched = found({3, 5});
  CHECK(scan.absorb(request, fetched, [](const Row&) { return false; }).is_full);
  CHECK(scan.next_fetch(2).up_to == RowId{5});
}
