#include "http/message.h"

#include "support/catch.h"

using namespace outbox_relay::http;

TEST_CASE("a parameter is found with and without a value", "[message]") {
  const auto has_verbose = [](std::string_view query) {
    return Request{.path = "/readyz", .query = query}.has_parameter("verbose");
  };
  CHECK(has_verbose("verbose"));
  CHECK(has_verbose("verbose=1"));
  CHECK(has_verbose("verbose="));
  CHECK(has_verbose("a=b&verbose"));
  CHECK(has_verbose("verbose&a"));
  CHECK(has_verbose("&&verbose&"));
  CHECK_FALSE(has_verbose(""));
  CHECK_FALSE(has_verbose("&"));
  CHECK_FALSE(has_verbose("verboser"));
  CHECK_FALSE(has_verbose("a=verbose"));
}
