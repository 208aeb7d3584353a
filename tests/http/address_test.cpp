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

TEST_CASE("addresses and ports are written as people write them", "[address]") {
  CHECK(ListenAddress{"127.0.0.1", 8980}.to_string() == "127.0.0.1:8980");
  CHECK(ListenAddress{"::1", 0}.to_string() == "[::1]:0");
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
