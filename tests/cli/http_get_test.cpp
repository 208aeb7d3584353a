#include "cli/http_get.h"

#include "support/catch.h"

using namespace outbox_relay::cli;

TEST_CASE("a URL has a host, and its port and path if it says so", "[cli]") {
  const auto check = [](std::string_view text, std::string_view host, std::string_view port,
                        std::string_view path) {
    CAPTURE(text);
    const auto url = parse_http_url(text);
    REQUIRE(url.has_value());
    CHECK(url->host == host);
    CHECK(url->port == port);
    CHECK(url->path == path);
  };
  check("http://127.0.0.1:8980/livez", "127.0.0.1", "8980", "/livez");
  check("http://relay:8980/readyz?verbose", "relay", "8980", "/readyz?verbose");
  check("http://relay", "relay", "80", "/");
  check("http://[::1]:8980/livez", "::1", "8980", "/livez");
  check("http://[::1]/livez", "::1", "80", "/livez");
}

TEST_CASE("what is no http URL is refused", "[cli]") {
  const auto text = GENERATE("", "relay:8980", "https://relay/livez", "http://", "http://:80/",
                             "http://relay:/", "http://relay:http/", "http://[]/");
  CAPTURE(text);
  CHECK_FALSE(parse_http_url(text).has_value());
}
