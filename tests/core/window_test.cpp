#include "core/window.h"

#include <array>
#include <memory>
#include <string>

#include "rows.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;

namespace {

/// A page whose texts lie in memory of its own, as a query's result does.
struct LargePage {
  struct Memory {
    std::string message_id = "message-1";
    std::string text = std::string(16'000, 'x');
    std::array<Value, 2> attributes;
  };
  std::weak_ptr<const Memory> memory;
  Page page;

  LargePage(std::int64_t first, std::int64_t last) {
    const auto texts = std::make_shared<Memory>();
    texts->attributes = {Value{texts->text}, std::nullopt};
    memory = texts;
    page.memory = texts;
    for (std::int64_t id = first; id <= last; ++id) {
      Row& added = page.rows.emplace_back(row(id, std::nullopt, texts->message_id));
      added.payload = texts->text;
      added.headers = std::nullopt;
      added.attributes = texts->attributes;
      page.bytes += Bytes{2 * texts->text.size()};
    }
  }
};

}  // namespace

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

TEST_CASE("what is left of a page that has to wait is copied out when room is needed", "[window]") {
  const auto stage = GENERATE(Stage::waiting, Stage::refused, Stage::acknowledged);
  Window window{{.rows = 1000, .bytes = {4 << 20}}};
  LargePage large{1, 100};
  const auto memory = large.memory;
  WindowPage* admitted = window.admit(std::move(large.page), {});
  for (std::size_t at = 0; at < 99; ++at) window.finish(admitted->rows[at]);
  InFlight& left = admitted->rows[99];
  window.advance(left, stage);
  CHECK_FALSE(window.make_room({500'000}));  // there is as much
  CHECK_FALSE(memory.expired());

  CHECK(window.make_room({2'000'000}));
  CHECK(memory.expired());
  CHECK(window.bytes() < Bytes{50'000});
  CHECK(window.rows() == 1);
  CHECK(&admitted->rows[99] == &left);
  CHECK(left.page == admitted);
  const LargePage same{100, 100};
  CHECK(same_message(*left.row, same.page.rows[0]));
  CHECK(window.holds(same.page.rows[0]));
  CHECK(window.lowest_unfinished() == 100);
  Ids seen;
  window.for_each([&seen](InFlight& each) { seen.push_back(each.row->id.number()); });
  CHECK(seen == Ids{100});
  window.finish(left);
  CHECK(window.bytes() == Bytes{0});
}

TEST_CASE("a page stays while others read its rows where they are", "[window]") {
  const auto stage = GENERATE(Stage::unsafe, Stage::published, Stage::parking, Stage::completing);
  Window window{{.rows = 1000, .bytes = {1 << 20}}};
  LargePage large{1, 100};
  const auto memory = large.memory;
  WindowPage* admitted = window.admit(std::move(large.page), {});
  for (std::size_t at = 1; at < 99; ++at) window.finish(admitted->rows[at]);
  window.advance(admitted->rows[0], Stage::waiting);
  window.advance(admitted->rows[99], stage);
  const std::string_view payload = *admitted->rows[99].row->payload;
  CHECK_FALSE(window.make_room({1 << 20}));
  CHECK_FALSE(memory.expired());
  CHECK(admitted->rows[99].row->payload->data() == payload.data());
}

TEST_CASE("a page of which much is unfinished is not copied", "[window]") {
  Window window{{.rows = 1000, .bytes = {1 << 20}}};
  WindowPage* admitted = window.admit(LargePage{1, 100}.page, {});
  for (InFlight& each : admitted->rows) window.advance(each, Stage::waiting);
  for (std::size_t at = 0; at < 75; ++at) window.finish(admitted->rows[at]);
  CHECK_FALSE(window.make_room({1 << 20}));
}
