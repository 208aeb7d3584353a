#include "core/gaps.h"

#include "rows.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;

namespace {

constexpr std::int64_t everything = 1'000'000;

}  // namespace

TEST_CASE("a row that appears narrows its gap", "[gaps]") {
  Gaps gaps;
  gaps.add({{10, 20}});
  SECTION("at the lower end") {
    CHECK(gaps.fill(10));
    CHECK(gaps.up_to(everything) == Ranges{{11, 20}});
  }
  SECTION("at the upper end") {
    CHECK(gaps.fill(20));
    CHECK(gaps.up_to(everything) == Ranges{{10, 19}});
  }
  SECTION("in the middle") {
    CHECK(gaps.fill(15));
    CHECK(gaps.up_to(everything) == Ranges{{10, 14}, {16, 20}});
  }
  SECTION("not at all, beside it") {
    CHECK_FALSE(gaps.fill(9));
    CHECK_FALSE(gaps.fill(21));
    CHECK(gaps.up_to(everything) == Ranges{{10, 20}});
  }
}

TEST_CASE("a filled gap of one id is gone", "[gaps]") {
  Gaps gaps;
  gaps.add({{7, 7}});
  CHECK(gaps.fill(7));
  CHECK(gaps.empty());
}

TEST_CASE("gaps are cut off at a limit and come in order, whenever they were found", "[gaps]") {
  Gaps gaps;
  gaps.add({{30, 40}});
  gaps.add({{1, 2}, {10, 20}});
  CHECK(gaps.up_to(35) == Ranges{{1, 2}, {10, 20}, {30, 35}});
  CHECK(gaps.up_to(5) == Ranges{{1, 2}});
  CHECK(gaps.lowest() == 1);
}

TEST_CASE("a gap without writers is settled by the first fetch after their reading", "[gaps]") {
  Gaps gaps;
  gaps.add({{5, 6}});
  gaps.settle({}, everything);
  CHECK(gaps.empty());
}

TEST_CASE("a gap stays while a writer from the time it was found is there", "[gaps]") {
  Gaps gaps;
  gaps.add({{5, 6}});
  gaps.settle({{"3/1", "4/1"}}, everything);
  gaps.settle({{"4/1", "5/1"}}, everything);
  REQUIRE_FALSE(gaps.empty());
  SECTION("and is settled when all of them are gone, whoever came later") {
    gaps.settle({{"5/1", "6/1"}}, everything);
    CHECK(gaps.empty());
  }
}

TEST_CASE("gaps found later have later writers", "[gaps]") {
  Gaps gaps;
  gaps.add({{5, 5}});
  gaps.settle({{"3/1"}}, everything);
  gaps.add({{9, 9}});
  gaps.settle({{"4/1"}}, everything);
  CHECK(gaps.up_to(everything) == Ranges{{9, 9}});
}

TEST_CASE("a writer that prepares its transaction goes on under another name", "[gaps]") {
  Gaps gaps;
  gaps.add({{5, 5}});
  gaps.settle({{"3/1"}}, everything);
  gaps.settle({{"-1/77"}}, everything);
  REQUIRE_FALSE(gaps.empty());
  gaps.settle({{"-1/77"}}, everything);
  REQUIRE_FALSE(gaps.empty());
  gaps.settle({}, everything);
  CHECK(gaps.empty());
}

TEST_CASE("a prepared transaction from before is nobody's new name", "[gaps]") {
  Gaps gaps;
  gaps.settle({{"-1/77"}}, everything);
  gaps.add({{5, 5}});
  gaps.settle({{"-1/77", "3/1"}}, everything);
  gaps.settle({{"-1/77"}}, everything);
  REQUIRE_FALSE(gaps.empty());  // -1/77 held its lock when the gap was found
  gaps.settle({{"-1/78"}}, everything);
  REQUIRE_FALSE(gaps.empty());  // it may have been prepared by 3/1's sibling meanwhile
}

TEST_CASE("what the fetch has not read is not settled", "[gaps]") {
  Gaps gaps;
  gaps.add({{5, 6}, {8, 12}});
  gaps.settle({}, 10);
  CHECK(gaps.up_to(everything) == Ranges{{8, 12}});
  gaps.settle({}, 12);
  CHECK(gaps.empty());
}
