#include "http/address.h"

#include <boost/asio/io_context.hpp>
#include <string>

#include "http/server.h"
#include "support/catch.h"

using namespace outbox_relay::http;

namespace {

ListenError refusal_of(const ListenAddress& address) {
  boost::asio::io_context context;
  try {
    const Server server(context, address, {});
  } catch (const ListenError& error) {
    return error;
  }
  return {"nothing was refused", ""};
}

}  // namespace

TEST_CASE("addresses and ports are read as people write them", "[address]") {
  const auto v4 = parse_listen_address("127.0.0.1:8980");
  CHECK(v4.host == "127.0.0.1");
  CHECK(v4.port == 8980);
  CHECK(v4.to_string() == "127.0.0.1:8980");
  const auto v6 = parse_listen_address("[::1]:0");
  CHECK(v6.host == "::1");
  CHECK(v6.port == 0);
  CHECK(v6.to_string() == "[::1]:0");
  CHECK(parse_listen_address("[::]:65535").port == 65535);
}

TEST_CASE("what is no address and port is refused with a hint", "[address]") {
  for (const std::string text :
       {"", ":", "8980", ":8980", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:+1", "127.0.0.1:80 ", "localhost:8980", "::1:8980", "[127.0.0.1]:8980", "[::1]8980",
        "[::1]", "[]:80", "[:80", "1.2.3.4:0x10"}) {
    INFO(text);
    try {
      (void)parse_listen_address(text);
      FAIL("was accepted");
    } catch (const ListenError& error) {
      CHECK(error.what() == "cannot listen on '" + text + "': not an address and a port");
      CHECK(error.hint() == "write http.listen as 127.0.0.1:8980, 0.0.0.0:8980 or [::]:8980");
    }
  }
}

TEST_CASE("a port that is taken is refused with a hint", "[address]") {
  boost::asio::io_context context;
  const Server first(context, {.host = "127.0.0.1", .port = 0}, {});
  CHECK(first.address().port != 0);
  const auto error = refusal_of(first.address());
  CHECK(error.what() == "cannot listen on " + first.address().to_string() + ": Address already in use");
  CHECK(error.hint() == "another process listens there: stop it, or change http.listen");
}

TEST_CASE("an address of another machine is refused with a hint", "[address]") {
  const auto error = refusal_of({.host = "192.0.2.1", .port = 0});
  CHECK(std::string(error.what()) == "cannot listen on 192.0.2.1:0: Cannot assign requested address");
  CHECK(error.hint() == "change http.listen to an address of this machine");
}
