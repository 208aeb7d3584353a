#include "core/gaps.h"

#include <limits>
#include <string>

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

TEST_CASE("while one transaction stays open its gaps are remembered together", "[gaps]") {
  Gaps gaps;
  Ranges found;
  for (std::int64_t fetch = 1; fetch <= 500; ++fetch) {
    gaps.settle({{"3/1", "4/" + std::to_string(fetch), "5/" + std::to_string(fetch)}}, everything);
    gaps.add({{fetch * 10, fetch * 10}});
    found.push_back({fetch * 10, fetch * 10});
    REQUIRE(gaps.groups() <= 3);
  }
  CHECK(gaps.up_to(everything) == found);
  gaps.settle({{"3/1"}}, everything);
  CHECK(gaps.fill(2500));
  CHECK_FALSE(gaps.fill(2500));
  gaps.settle({}, everything);
  CHECK(gaps.empty());
}

TEST_CASE("of very many gaps those near each other are joined, as far as all between is finished", "[gaps]") {
  Gaps gaps;
  Ranges found;
  for (std::int64_t id = 1; id <= 1996; id += 5) found.push_back({id, id + 1});
  found.push_back({3000, 3000});
  found.push_back({3100, 3100});
  gaps.add(found);
  gaps.settle({{"3/1"}}, everything);
  CHECK_FALSE(gaps.are_many());
  Ranges later;
  for (std::int64_t id = 5001; id <= 7000; id += 2) later.push_back({id, id});
  gaps.add(later);
  gaps.settle({{"3/1", "3/2"}}, everything);
  CHECK(gaps.are_many());
  gaps.join(6000);
  CHECK_FALSE(gaps.are_many());
  Ranges joined{{1, 1997}, {3000, 3000}, {3100, 3100}, {5001, 5999}};
  for (std::int64_t id = 6001; id <= 7000; id += 2) joined.push_back({id, id});
  CHECK(gaps.up_to(everything) == joined);
  CHECK(gaps.lowest() == 1);

  SECTION("a row that fills one divides it") {
    CHECK(gaps.fill(1000));
    CHECK(gaps.up_to(2000) == Ranges{{1, 999}, {1001, 1997}});
    CHECK_FALSE(gaps.fill(1000));
  }
  SECTION("they are settled when none of their writers is left") {
    gaps.settle({{"3/2"}}, everything);
    CHECK(gaps.up_to(2000) == Ranges{{1, 1997}});
    gaps.settle({}, everything);
    CHECK(gaps.empty());
  }
}

TEST_CASE("the lowest and the highest id there can be are told apart", "[gaps]") {
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  Gaps gaps;
  gaps.add({{least, least}, {most, most}});
  gaps.settle({{"3/1"}}, everything);
  gaps.join(most);
  CHECK(gaps.up_to(most) == Ranges{{least, least}, {most, most}});
}
