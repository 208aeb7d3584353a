#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "http/running_server.h"
#include "support/catch.h"

using namespace outbox_relay::http;
using namespace std::chrono_literals;

namespace {

Routes one_page() {
  return {{"/", [](const Request&) { return Response{.body = "hello\n"}; }}};
}

}  // namespace

TEST_CASE("a head that is too large is refused", "[limits]") {
  RunningServer server(one_page(), {.header_bytes = 1000});
  Client client(server);
  SECTION("in one field") {
    client.send(get("/", "X-Large: " + std::string(2000, 'x') + "\r\n"));
  }
  SECTION("in many fields") {
    std::string fields;
    for (int i = 0; i < 200; ++i) fields += "X-" + std::to_string(i) + ": y\r\n";
    client.send(get("/", fields));
  }
  SECTION("in the target") {
    client.send(get("/" + std::string(2000, 'x')));
  }
  SECTION("without an end") {
    client.send("GET / HTTP/1.1\r\nX-Large: " + std::string(100'000, 'x'));
  }
  CHECK(status_of(client.read_response()) == "431");
}

TEST_CASE("a head just below the limit is served", "[limits]") {
  RunningServer server(one_page(), {.header_bytes = 1000});
  Client client(server);
  const std::string without_padding = get("/", "Connection: close\r\nX-Padding: \r\n");
  client.send(get(
      "/", "Connection: close\r\nX-Padding: " + std::string(1000 - without_padding.size(), 'x') + "\r\n"));
  CHECK(body_of(client.read_all()) == "hello\n");
}

TEST_CASE("a client that sends nothing is cut", "[limits]") {
  RunningServer server(one_page(), {.idle = 1h, .receive = 50ms});
  Client client(server);
  CHECK(client.read_all().empty());
}

TEST_CASE("a client that does not finish its request is cut", "[limits]") {
  RunningServer server(one_page(), {.idle = 1h, .receive = 50ms});
  Client client(server);
  client.send("GET / HTTP/1.1\r\nHost: loc");
  CHECK(client.read_all().empty());
}

TEST_CASE("a client that drips one byte after the other is cut all the same", "[limits]") {
  RunningServer server(one_page(), {.idle = 1h, .receive = 50ms});
  Client client(server);
  client.send("GET / HTTP/1.1\r\nX-Slow: ");
  while (client.send("x")) std::this_thread::yield();
  SUCCEED("the server closed the connection");
}

TEST_CASE("a client that does not read its response is cut", "[limits]") {
  Routes routes{{"/", [](const Request&) { return Response{.body = std::string(50'000'000, 'x')}; }}};
  RunningServer server(std::move(routes), {.send = 50ms});
  Client client(server);
  client.send(get("/"));
  while (server.connections() > 0) std::this_thread::yield();
  CHECK(client.read_all().size() < 50'000'000);
}

TEST_CASE("a connection that idles is closed", "[limits]") {
  RunningServer server(one_page(), {.idle = 50ms, .receive = 1h});
  Client client(server);
  client.send(get("/"));
  CHECK(body_of(client.read_response()) == "hello\n");
  CHECK(client.read_all().empty());
}

TEST_CASE("a connection serves a bounded number of requests, and says so in the last", "[limits]") {
  RunningServer server(one_page(), {.requests_per_connection = 3});
  Client client(server);
  client.send(get("/") + get("/") + get("/") + get("/"));
  CHECK(client.read_response().find("Connection: close") == std::string::npos);
  CHECK(client.read_response().find("Connection: close") == std::string::npos);
  CHECK(client.read_response().find("Connection: close") != std::string::npos);
  CHECK(client.read_all().empty());
}

TEST_CASE("a client that hoards connections loses the oldest, and others get in", "[limits]") {
  RunningServer server(one_page(), {.connections = 3});
  std::vector<std::unique_ptr<Client>> hoard;
  for (int i = 0; i < 3; ++i) {
    hoard.push_back(std::make_unique<Client>(server));
    hoard.back()->send(get("/"));
    CHECK(body_of(hoard.back()->read_response()) == "hello\n");
  }
  Client probe(server);
  probe.send(get("/"));
  CHECK(body_of(probe.read_response()) == "hello\n");
  CHECK(server.connections() == 3);
  CHECK(hoard[0]->read_all().empty());
  hoard[1]->send(get("/"));
  CHECK(body_of(hoard[1]->read_response()) == "hello\n");
}

TEST_CASE("many connections at a time are served", "[limits]") {
  RunningServer server(one_page(), {.connections = 200});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<Client>(server));
  for (auto& client : clients) client->send(get("/"));
  for (auto& client : clients) CHECK(body_of(client->read_response()) == "hello\n");
  CHECK(server.connections() == 200);
  clients.clear();
  while (server.connections() > 0) std::this_thread::yield();
}

TEST_CASE("a client that leaves in the midst of a request leaves nothing behind", "[limits]") {
  RunningServer server(one_page());
  for (int i = 0; i < 20; ++i) {
    Client client(server);
    client.send(i % 2 == 0 ? "GET / HT" : get("/"));
  }
  while (server.connections() > 0) std::this_thread::yield();
  Client client(server);
  client.send(get_and_close("/"));
  CHECK(body_of(client.read_all()) == "hello\n");
}
