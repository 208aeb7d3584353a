#include "cli/http_get.h"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "core/utf8.h"

namespace outbox_relay::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::size_t largest_body = 64 * 1024;
constexpr std::size_t longest_line = 200;

/// What of a body can be printed: one line, bounded, without control characters.
std::string first_line_of(std::string_view body) {
  return core::replace_controls(body.substr(0, std::min(body.find('\n'), longest_line)), "");
}

asio::awaitable<HttpAnswer> ask(HttpUrl url) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::resolver resolver(executor);
  const auto endpoints = co_await resolver.async_resolve(url.host, url.port, asio::use_awaitable);
  tcp::socket socket(executor);
  co_await asio::async_connect(socket, endpoints, asio::use_awaitable);

  http::request<http::empty_body> request(http::verb::get, url.path, 11);
  const bool is_ipv6 = url.host.find(':') != std::string::npos;
  request.set(http::field::host, (is_ipv6 ? '[' + url.host + ']' : url.host) + ':' + url.port);
  request.set(http::field::connection, "close");
  co_await http::async_write(socket, request, asio::use_awaitable);

  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(largest_body);
  co_await http::async_read(socket, buffer, parser, asio::use_awaitable);
  co_return HttpAnswer{parser.get().result_int(), first_line_of(parser.get().body())};
}

std::string reason_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return error.code().message();
  }
}

}  // namespace

std::optional<HttpUrl> parse_http_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) return std::nullopt;
  text.remove_prefix(scheme.size());
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::string_view authority = text.substr(0, slash);
  const std::string_view path = text.substr(slash);

  std::string_view port = "80";
  const std::size_t colon = authority.rfind(':');
  const std::size_t bracket = authority.rfind(']');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon);
  if (has_port) {
    port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']'))
    authority = authority.substr(1, authority.size() - 2);
  const bool is_number =
      !port.empty() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
  if (authority.empty() || !is_number) return std::nullopt;
  return HttpUrl{std::string(authority), std::string(port), path.empty() ? "/" : std::string(path)};
}

namespace {

/// Whose thread may be in the resolver, and whose end would wait for it.
void give_up(std::unique_ptr<asio::io_context> context) {
  static auto* const given_up = new std::vector<std::unique_ptr<asio::io_context>>;
  given_up->push_back(std::move(context));
}

}  // namespace

std::variant<HttpAnswer, std::string> http_get(const HttpUrl& url, std::chrono::milliseconds timeout) {
  auto context = std::make_unique<asio::io_context>();
  HttpAnswer answer;
  std::exception_ptr failure;
  bool is_done = false;
  asio::co_spawn(*context, ask(url), [&](std::exception_ptr error, HttpAnswer received) {
    is_done = true;
    failure = std::move(error);
    answer = std::move(received);
  });
  context->run_for(timeout);
  if (!is_done) {
    give_up(std::move(context));
    return "no answer within " + std::to_string(timeout.count()) + "ms";
  }
  if (failure) return reason_of(failure);
  return answer;
}

}  // namespace outbox_relay::cli
