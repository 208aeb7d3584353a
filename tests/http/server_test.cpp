#include "http/server.h"

#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "http/running_server.h"
#include "support/catch.h"

using namespace outbox_relay::http;

namespace {

Routes pages() {
  return {
      {"/",
       [](const Request&) {
         return Response{.content_type = "text/html; charset=utf-8",
                         .body = "<h1>",
                         .security_policy = "default-src 'self'"};
       }},
      {"/metrics",
       [](const Request&) { return Response{.content_type = "text/plain; version=0.0.4", .body = "m 1\n"}; }},
      {"/readyz",
       [](const Request& request) {
         return Response{.status = 503, .body = request.has_parameter("verbose") ? "why\n" : "not ok\n"};
       }},
      {"/broken", [](const Request&) -> Response { throw std::runtime_error("a secret"); }},
  };
}

std::string answer(RunningServer& server, const std::string& request) {
  Client client(server);
  client.send(request);
  return client.read_all();
}

}  // namespace

TEST_CASE("each path is answered by its handler, with its status, type and body", "[server]") {
  RunningServer server(pages());
  CHECK(answer(server, get_and_close("/metrics")) ==
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/plain; version=0.0.4\r\n"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "Connection: close\r\n"
        "Content-Length: 4\r\n"
        "\r\n"
        "m 1\n");
  CHECK(body_of(answer(server, get_and_close("/"))) == "<h1>");
  const auto not_ready = answer(server, get_and_close("/readyz"));
  CHECK(status_of(not_ready) == "503");
  CHECK(body_of(not_ready) == "not ok\n");
}

TEST_CASE("a page says what a browser may do with it", "[server]") {
  RunningServer server(pages());
  const auto page = answer(server, get_and_close("/"));
  CHECK(page.find("\r\nContent-Security-Policy: default-src 'self'\r\n") != std::string::npos);
}

TEST_CASE("the query is handed to the handler and does not choose it", "[server]") {
  RunningServer server(pages());
  CHECK(body_of(answer(server, get_and_close("/readyz?verbose"))) == "why\n");
  CHECK(body_of(answer(server, get_and_close("/readyz?a=1&verbose=1"))) == "why\n");
  CHECK(body_of(answer(server, get_and_close("/readyz?"))) == "not ok\n");
}

TEST_CASE("HEAD gets the same head and no body", "[server]") {
  RunningServer server(pages());
  const auto full = answer(server, get_and_close("/metrics"));
  const auto head = answer(server, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(head + "m 1\n" == full);
}

TEST_CASE("an unknown path is not found", "[server]") {
  RunningServer server(pages());
  for (const std::string path : {"/nowhere", "/metrics/", "/metricsx", "//", "/%6detrics"}) {
    CHECK(status_of(answer(server, get_and_close(path))) == "404");
  }
}

TEST_CASE("other methods are refused, and the allowed ones named", "[server]") {
  RunningServer server(pages());
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"}) {
    const auto refused =
        answer(server, method + " /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(status_of(refused) == "405");
    CHECK(refused.find("Allow: GET, HEAD\r\n") != std::string::npos);
  }
}

TEST_CASE("a body is refused", "[server]") {
  RunningServer server(pages());
  CHECK(status_of(answer(server, get("/metrics", "Content-Length: 5\r\n") + "hello")) == "413");
  CHECK(status_of(answer(server, get("/metrics", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n")) == "413");
  CHECK(status_of(answer(server, get("/metrics", "Content-Length: 0\r\nConnection: close\r\n"))) == "200");
}

TEST_CASE("what is not HTTP is a bad request, and the connection ends", "[server]") {
  RunningServer server(pages());
  for (const std::string garbage : {"hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  HTTP/1.1\r\n\r\n",
                                    "\x16\x03\x01\x02\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n"}) {
    INFO(garbage);
    CHECK(status_of(answer(server, garbage)) == "400");
  }
}

TEST_CASE("a handler that throws is a server's error whose text stays inside", "[server]") {
  RunningServer server(pages());
  const auto failed = answer(server, get_and_close("/broken"));
  CHECK(status_of(failed) == "500");
  CHECK(failed.find("secret") == std::string::npos);
}

TEST_CASE("a connection serves one request after the other", "[server]") {
  RunningServer server(pages());
  Client client(server);
  for (int i = 0; i < 100; ++i) {
    client.send(get("/metrics"));
    CHECK(body_of(client.read_response()) == "m 1\n");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("requests sent at once are answered in their order", "[server]") {
  RunningServer server(pages());
  Client client(server);
  client.send(get("/metrics") + get("/nowhere") + "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n" +
              get_and_close("/"));
  const auto all = client.read_all();
  const auto at = [&](std::string_view text, std::size_t from) { return all.find(text, from); };
  const auto first = at("HTTP/1.1 200 OK", 0);
  const auto second = at("m 1\nHTTP/1.1 404 Not Found", first);
  const auto third = at("not found\nHTTP/1.1 200 OK", second);
  const auto fourth = at("\r\n\r\nHTTP/1.1 200 OK", third);
  CHECK(fourth != std::string::npos);
  CHECK(all.ends_with("\r\n\r\n<h1>"));
}

TEST_CASE("a client that has finished sending still gets its answers", "[server]") {
  RunningServer server(pages());
  Client client(server);
  client.send(get("/metrics") + get("/"));
  client.finish_sending();
  const auto all = client.read_all();
  CHECK(all.find("m 1\n") != std::string::npos);
  CHECK(all.ends_with("<h1>"));
}

TEST_CASE("HTTP/1.0 gets an answer and the end of the connection", "[server]") {
  RunningServer server(pages());
  const auto old = answer(server, "GET /metrics HTTP/1.0\r\n\r\n");
  CHECK(old.starts_with("HTTP/1.0 200 OK"));
  CHECK(body_of(old) == "m 1\n");
}

TEST_CASE("IPv6 is served", "[server]") {
  boost::asio::io_context context;
  Server server(context, {.host = "::1", .port = 0}, pages());
  boost::asio::ip::tcp::socket socket(context);
  socket.connect({boost::asio::ip::make_address("::1"), server.address().port});
  boost::asio::write(socket, boost::asio::buffer(get_and_close("/metrics")));
  std::thread thread([&] { context.run(); });
  std::string response;
  boost::system::error_code error;
  boost::asio::read(socket, boost::asio::dynamic_buffer(response), error);
  boost::asio::post(context, [&] { server.stop(); });
  thread.join();
  CHECK(body_of(response) == "m 1\n");
}

TEST_CASE("after a stop nobody is let in, and idle connections end", "[server]") {
  RunningServer server(pages());
  Client idle(server);
  idle.send(get("/metrics"));
  CHECK(status_of(idle.read_response()) == "200");
  server.stop();
  CHECK(idle.read_all().empty());
  CHECK_THROWS(Client(server));
  server.stop();
}

TEST_CASE("a response under way is sent in spite of a stop", "[server]") {
  const std::string body(20'000'000, 'x');  // more than the sockets' buffers take at once
  std::promise<void> asked;
  Routes routes{{"/large", [&](const Request&) {
                   asked.set_value();
                   return Response{.body = body};
                 }}};
  RunningServer server(std::move(routes));
  Client client(server);
  client.send(get("/large"));
  asked.get_future().wait();
  server.stop();
  const auto response = client.read_all();
  CHECK(body_of(response).size() == body.size());
}

TEST_CASE("a server can go away while its clients are in the midst of things", "[server]") {
  boost::asio::io_context context;
  boost::asio::ip::tcp::socket client(context);
  {
    Server server(context, {.host = "127.0.0.1", .port = 0}, pages());
    client.connect({boost::asio::ip::make_address("127.0.0.1"), server.address().port});
    boost::asio::write(client, boost::asio::buffer(std::string_view("GET /metr")));
    while (server.connections() == 0) context.run_one();
  }
  SECTION("and the client sees the end") {
    context.run();  // returns only when nothing is left
    boost::system::error_code error;
    std::string text;
    boost::asio::read(client, boost::asio::dynamic_buffer(text), error);
    CHECK(text.empty());
  }
  SECTION("and its work is dropped with the context") {
    CHECK_FALSE(context.stopped());  // the sanitizers look for leaks and use after free
  }
}
