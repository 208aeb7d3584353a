#include "core/age.h"

#include "support/catch.h"

using outbox_relay::core::to_age;

TEST_CASE("ages are shown by their two largest units", "[age]") {
  CHECK(to_age(0) == "0s");
  CHECK(to_age(0.9) == "0s");
  CHECK(to_age(59.9) == "59s");
  CHECK(to_age(61) == "1m 1s");
  CHECK(to_age(3600) == "1h 0m");
  CHECK(to_age(200'000) == "2d 7h");
}
