#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "cli/exit_code.h"
#include "cli/program.h"
#include "http/running_server.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::cli;
using namespace outbox_relay::testing;
using outbox_relay::http::RunningServer;

namespace {

/// Routes of a relay that lives but is not ready.
http::Routes routes() {
  return {{"/livez", [](const http::Request&) { return http::Response{.body = "ok\n"}; }},
          {"/readyz", [](const http::Request&) {
             return http::Response{.status = 503, .body = "not ready\norders: never polled\n"};
           }}};
}

std::string url(std::uint16_t port, const std::string& path) {
  return "http://127.0.0.1:" + std::to_string(port) + path;
}

}  // namespace

TEST_CASE("healthcheck exits with 0 when the answer is 200", "[cli]") {
  const RunningServer server(routes());
  const std::string livez = url(server.port(), "/livez");
  const auto done = run_program({"healthcheck", "--url", livez});
  CHECK(done.errors == "");
  CHECK(done.output == livez + ": 200 ok\n");
  CHECK(done.code == exit_done);
}

TEST_CASE("healthcheck exits with 1 when the answer is another one, and shows its first line", "[cli]") {
  const RunningServer server(routes());
  const std::string readyz = url(server.port(), "/readyz");
  const auto done = run_program({"healthcheck", "--url", readyz});
  CHECK(done.errors == "");
  CHECK(done.output == readyz + ": 503 not ready\n");
  CHECK(done.code == exit_unexpected);
}

TEST_CASE("healthcheck shows nothing that a terminal would obey", "[cli]") {
  const RunningServer server({{"/livez", [](const http::Request&) {
                                 return http::Response{.body =
                                                           "o\x1b[2J\xC2\x9B"
                                                           "k\n"};
                               }}});
  const std::string livez = url(server.port(), "/livez");
  CHECK(run_program({"healthcheck", "--url", livez}).output == livez + ": 200 o[2Jk\n");
}

TEST_CASE("healthcheck takes the address from a configuration", "[cli]") {
  const RunningServer server(routes());
  const auto listen = GENERATE("127.0.0.1", "0.0.0.0");
  const ConfigFile file(
      "postgres: {connection: \"host=db\"}\nkafka: {properties: {bootstrap.servers: k}}\n"
      "outboxes: [{name: orders, table: a.b, topic: t}]\nhttp: {listen: \"" +
      std::string(listen) + ':' + std::to_string(server.port()) + "\"}\n");
  const auto done = run_program({"healthcheck", "-c", file.path()});
  CHECK(done.errors == "");
  CHECK(done.output == url(server.port(), "/livez") + ": 200 ok\n");
  CHECK(done.code == exit_done);
}

TEST_CASE("healthcheck exits with 78 when the configuration is wrong", "[cli]") {
  const ConfigFile file("");
  const auto done = run_program({"healthcheck", "-c", file.path()});
  CHECK(done.output == "");
  CHECK(done.errors.find("the file is empty") != std::string::npos);
  CHECK(done.code == exit_configuration);
}

TEST_CASE("healthcheck exits with 69 when nobody listens", "[cli]") {
  std::string livez;
  {
    const RunningServer gone(routes());
    livez = url(gone.port(), "/livez");
  }
  const auto done = run_program({"healthcheck", "--url", livez});
  CHECK(done.output == "");
  CHECK(done.errors == "outbox-relay: " + livez + " cannot be reached: Connection refused\n");
  CHECK(done.code == exit_unavailable);
}

TEST_CASE("healthcheck waits for a silent server no longer than it may", "[cli]") {
  using boost::asio::ip::tcp;
  boost::asio::io_context context;
  const tcp::acceptor silent(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  const std::string livez = url(silent.local_endpoint().port(), "/livez");
  const auto done = run_program({"healthcheck", "--url", livez, "--timeout", "50ms"});
  CHECK(done.output == "");
  CHECK(done.errors == "outbox-relay: " + livez + " cannot be reached: no answer within 50ms\n");
  CHECK(done.code == exit_unavailable);
}

TEST_CASE("healthcheck exits with 2 when the URL is none", "[cli]") {
  const auto done = run_program({"healthcheck", "--url", "relay:8980"});
  CHECK(done.output == "");
  CHECK(done.errors == "outbox-relay: `relay:8980` is not a URL like http://127.0.0.1:8980/livez\n");
  CHECK(done.code == exit_usage);
}

TEST_CASE("healthcheck waits for a name server no longer than it may", "[cli]") {
  const auto done = run_program({"healthcheck", "--url", "http://relay.hung/livez", "--timeout", "50ms"},
                                {"LD_PRELOAD=" HUNG_RESOLVER});
  CHECK(done.errors.ends_with(
      "outbox-relay: http://relay.hung/livez cannot be reached: no answer within 50ms\n"));
  CHECK(done.code == exit_unavailable);
}
