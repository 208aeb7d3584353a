#include "core/window.h"

#include "rows.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;

TEST_CASE("a page occupies the window until its last row is done", "[window]") {
  Window window{{.rows = 10, .bytes = {1000}}};
  WindowPage* page_1 = window.admit(page({1, 2}), {});
  REQUIRE(page_1 != nullptr);
  CHECK(window.rows() == 2);
  CHECK(window.bytes() == Bytes{200});
  InFlight& first = page_1->rows[0];
  InFlight& second = page_1->rows[1];
  window.finish(first);
  CHECK(window.rows() == 1);
  CHECK(window.bytes() == Bytes{200});
  CHECK(window.room_bytes() == Bytes{800});
  window.finish(second);
  CHECK(window.empty());
  CHECK(window.bytes() == Bytes{0});
}

TEST_CASE("one row larger than the limit leaves no room, and no less than none", "[window]") {
  Window window{{.rows = 10, .bytes = {50}}};
  window.admit(page({1}), {});
  CHECK(window.room_bytes() == Bytes{0});
}

TEST_CASE("an empty page is not taken in", "[window]") {
  Window window{{.rows = 10, .bytes = {1000}}};
  CHECK(window.admit(page({}), {}) == nullptr);
}

TEST_CASE("a message is known by its content, not by its id alone", "[window]") {
  Window window{{.rows = 10, .bytes = {1000}}};
  Page with_one;
  with_one.rows.push_back(row(5, "key", "message-a"));
  WindowPage* admitted = window.admit(std::move(with_one), {});
  CHECK(window.holds(row(5, "key", "message-a")));
  CHECK_FALSE(window.holds(row(5, "key", "message-b")));
  CHECK_FALSE(window.holds(row(6, "key", "message-a")));
  window.finish(admitted->rows[0]);
  CHECK_FALSE(window.holds(row(5, "key", "message-a")));
}

TEST_CASE("a row is known whichever page it came with, and after others have gone", "[window]") {
  Window window{{.rows = 10, .bytes = {1000}}};
  WindowPage* later = window.admit(page({7, 8}), {});
  WindowPage* earlier = window.admit(page({3}), {});
  CHECK(window.holds(later->page.rows[1]));
  CHECK(window.holds(earlier->page.rows[0]));
  window.finish(earlier->rows[0]);
  window.finish(later->rows[0]);
  window.finish(later->rows[1]);
  WindowPage* again = window.admit(page({1}), {});
  CHECK(window.holds(again->page.rows[0]));
}

TEST_CASE("the lowest unfinished row is found whichever page it is in", "[window]") {
  Window window{{.rows = 10, .bytes = {1000}}};
  CHECK_FALSE(window.lowest_unfinished());
  WindowPage* later = window.admit(page({7, 8}), {});
  window.admit(page({3, 9}), {});
  CHECK(window.lowest_unfinished() == 3);
  window.finish(later->rows[0]);
  CHECK(window.lowest_unfinished() == 3);
}

TEST_CASE("rows are visited oldest page first, and a visit may finish its row", "[window]") {
  Window window{{.rows = 10, .bytes = {1000}}};
  window.admit(page({1, 2}), {});
  window.admit(page({3}), {});
  Ids seen;
  window.for_each([&](InFlight& each) {
    seen.push_back(each.row->id.number());
    window.finish(each);
  });
  CHECK(seen == Ids{1, 2, 3});
  CHECK(window.empty());
}

TEST_CASE("each stage is counted", "[window]") {
  Window window{{.rows = 10, .bytes = {1000}}};
  WindowPage* admitted = window.admit(page({1, 2}), {});
  CHECK(window.count(Stage::unsafe) == 2);
  window.advance(admitted->rows[0], Stage::published);
  CHECK(window.count(Stage::unsafe) == 1);
  CHECK(window.count(Stage::published) == 1);
}
