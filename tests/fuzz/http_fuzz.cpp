// A client of the HTTP server that sends anything: the server's own connection, at one end of a socket pair.
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/connection.h"
#include "require.h"

using namespace outbox_relay;
using fuzzing::require;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

http::Response page(const http::Request& request) {
  return {.body = request.has_parameter("verbose") ? "long\n" : "short\n"};
}

/// All that comes until the server closes.
asio::awaitable<void> receive(tcp::socket& client, std::string& received) {
  boost::system::error_code error;
  std::array<char, 4096> bytes{};
  while (!error) {
    const auto size = co_await client.async_read_some(asio::buffer(bytes),
                                                      asio::redirect_error(asio::use_awaitable, error));
    received.append(bytes.data(), size);
  }
  client.close();
}

/// No answer is malformed, and none says that a handler threw: these do not.
void check(std::string_view received) {
  require(received.empty() || received.starts_with("HTTP/1."), "an answer begins with its status");
  constexpr std::string_view begin = "HTTP/1.";
  for (auto at = received.find(begin); at != std::string_view::npos; at = received.find(begin, at + 1)) {
    const auto status = received.substr(at + begin.size() + 2, 3);
    const bool is_known = status == "200" || status == "400" || status == "404" || status == "405" ||
                          status == "413" || status == "431";
    require(is_known, "a status is one of those that the server has");
  }
}

}  // namespace

/// The first byte says where the network breaks what the client sends in two.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const http::Routes routes{{"/", page}, {"/metrics", page}, {"/readyz", page}};
  static const http::Limits limits{.header_bytes = 512, .requests_per_connection = 20};
  if (size == 0) return 0;
  const std::string_view sent(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto first = sent.substr(0, std::size_t{data[0]} * 2);
  const auto rest = sent.substr(first.size());

  asio::io_context context{1};
  std::array<int, 2> ends{};
  require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0, "there are sockets");
  http::Connection connection(tcp::socket(context, tcp::v4(), ends[0]), routes, limits);
  tcp::socket client(context, tcp::v4(), ends[1]);
  std::string received;
  asio::co_spawn(context, connection.serve(), asio::detached);
  asio::co_spawn(context, receive(client, received), asio::detached);

  boost::system::error_code left;  // the server may have closed
  asio::write(client, asio::buffer(first), left);
  context.poll();
  if (client.is_open()) asio::write(client, asio::buffer(rest), left);
  if (client.is_open()) client.shutdown(tcp::socket::shutdown_send, left);
  context.run_for(std::chrono::seconds{10});
  require(context.stopped(), "a connection ends when the client has left");
  check(received);
  return 0;
}
