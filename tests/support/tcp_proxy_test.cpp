#include "support/tcp_proxy.h"

#include "support/catch.h"
#include "support/eventually.h"
#include "support/process.h"
#include "support/servers.h"

namespace outbox_relay::testing {
namespace {

using std::chrono::milliseconds;

/// psql through the proxy; its own limit is how a client sees a black hole.
std::vector<std::string> psql(const TcpProxy& network, const std::string& sql) {
  const auto& postgres = shared_postgres();
  return {"psql", "-XAtq", postgres.connection_string() + " port=" + network.port(), "-c", sql};
}

TEST_CASE("the proxy passes everything on, and closes when a side closes", "[proxy]") {
  TcpProxy network;
  network.forward_to("127.0.0.1:" + shared_postgres().port());
  const auto million = run(psql(network, "SELECT repeat('x', 1000000)"));
  CHECK(million.code == 0);
  CHECK(million.output == std::string(1'000'000, 'x') + "\n");
  CHECK(network.connections() == 1);
}

TEST_CASE("what a stalled line kept arrives when it is mended", "[proxy]") {
  TcpProxy network;
  network.forward_to("127.0.0.1:" + shared_postgres().port());
  network.set(TcpProxy::Direction::to_client, {.is_stalled = true});
  const Process client{psql(network, "SELECT 'answered'")};
  REQUIRE(eventually([&] { return network.connections() == 1; }));
  CHECK_FALSE(client.wait(milliseconds{300}));
  network.mend();
  CHECK(client.wait() == 0);
  CHECK(client.output() == "answered\n");
}

TEST_CASE("a cut connection is lost for both sides", "[proxy]") {
  TcpProxy network;
  network.forward_to("127.0.0.1:" + shared_postgres().port());
  const auto asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
  const Process client{psql(network, "SELECT pg_sleep(600)")};
  REQUIRE(eventually([&] { return shared_postgres().value(asleep) == "1"; }));
  network.cut();
  CHECK(client.wait() == 2);
}

TEST_CASE("a slow line delays and throttles", "[proxy]") {
  TcpProxy network;
  network.forward_to("127.0.0.1:" + shared_postgres().port());
  network.set({.latency = milliseconds{50}, .jitter = milliseconds{10}, .bytes_per_second = 400'000});
  const auto began = std::chrono::steady_clock::now();
  CHECK(run(psql(network, "SELECT repeat('x', 200000)")).output.size() == 200'001);
  // Half a second for the bytes alone; there is no upper bound on a busy machine.
  CHECK(std::chrono::steady_clock::now() - began >= milliseconds{500});
}

}  // namespace
}  // namespace outbox_relay::testing
