#include "config/edit_distance.h"

#include <array>

#include "support/catch.h"

using namespace outbox_relay::config;

TEST_CASE("the edit distance counts single mistakes", "[config]") {
  CHECK(edit_distance("topic", "topic") == 0);
  CHECK(edit_distance("topic", "topics") == 1);
  CHECK(edit_distance("topic", "topc") == 1);
  CHECK(edit_distance("topic", "tupic") == 1);
  CHECK(edit_distance("topic", "tpoic") == 1);
  CHECK(edit_distance("", "topic") == 5);
  CHECK(edit_distance("kitten", "sitting") == 3);
}

TEST_CASE("the nearest name is the one that was meant, or none", "[config]") {
  constexpr std::array<std::string_view, 3> names = {"poll_interval", "poll_interval_min", "topic"};
  CHECK(nearest("poll_intervall", names) == "poll_interval");
  CHECK(nearest("poll_interval_mni", names) == "poll_interval_min");
  CHECK(nearest("tpoic", names) == "topic");
  CHECK(nearest("table", names) == std::nullopt);
  CHECK(nearest("", names) == std::nullopt);
  CHECK(nearest(std::string(1000, 'x'), names) == std::nullopt);
}
