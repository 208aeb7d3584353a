#include "http/message.h"

#include <vector>

#include "http/index_page.h"
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

TEST_CASE("the index page names the program and links its pages", "[message]") {
  const auto page = index_page("relay <1.0>", std::vector<Link>{{"/metrics", "for \"Prometheus\" & others"}});
  CHECK(page.status == 200);
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(page.body ==
        "<!doctype html>\n<html lang=\"en\">\n<title>relay &lt;1.0&gt;</title>\n<h1>relay "
        "&lt;1.0&gt;</h1>\n<ul>\n"
        "<li><a href=\"/metrics\">/metrics</a> for &quot;Prometheus&quot; &amp; others</li>\n"
        "</ul>\n</html>\n");
}
