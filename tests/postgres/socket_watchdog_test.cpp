// The end of a blocking call that has no answer.
#include "postgres/socket_watchdog.h"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::chrono_literals;

TEST_CASE("a socket is shut down at its deadline, whatever the one before had", "[postgres][watchdog]") {
  int sockets[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
  postgres::SocketWatchdog watchdog;
  watchdog.arm(sockets[0], 1h);
  watchdog.disarm();
  CHECK_FALSE(watchdog.has_bitten());
  watchdog.arm(sockets[0], 1ms);
  CHECK(eventually([&] { return watchdog.has_bitten(); }));
  char byte = 0;
  CHECK(::recv(sockets[0], &byte, 1, MSG_DONTWAIT) == 0);
  watchdog.arm(sockets[1], 1h);
  CHECK_FALSE(watchdog.has_bitten());
  ::close(sockets[0]);
  ::close(sockets[1]);
}
