#include "http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <boost/system/system_error.hpp>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>

namespace outbox_relay::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;
using boost::system::error_code;
using Parser = beast::request_parser<beast::empty_body>;

/// What is read and thrown away of a client that goes on sending after its last response.
constexpr std::size_t max_unwanted_bytes = 256 * 1024;

auto into_error(error_code& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

Response plain(unsigned status, std::string body) {
  return {.status = status, .body = std::move(body) + "\n"};
}

bool has_body(const Parser& parser) {
  return parser.chunked() || parser.content_length().value_or(0) > 0;
}

}  // namespace

bool Request::has_parameter(std::string_view name) const {
  auto rest = query;
  while (!rest.empty()) {
    const auto parameter = rest.substr(0, rest.find('&'));
    if (parameter.substr(0, parameter.find('=')) == name) return true;
    rest.remove_prefix(std::min(parameter.size() + 1, rest.size()));
  }
  return false;
}

/// How a response is wrapped.
struct Connection::Envelope {
  unsigned version = 11;
  bool is_head = false;
  bool keep_alive = false;
};

Connection::Connection(asio::ip::tcp::socket socket, const Routes& routes, const Limits& limits)
    : stream_(std::move(socket)), routes_(&routes), limits_(&limits) {}

asio::awaitable<void> Connection::serve() {
  try {
    co_await answer_requests();
    co_await leave();
  } catch (const std::exception&) {
    // The client left, was too slow, or was cut: its own affair, and nothing to clean up.
  }
  stream_.close();
}

void Connection::stop() {
  is_stopping_ = true;
  if (!is_answering_) cut();
}

void Connection::cut() {
  stream_.close();
}

asio::awaitable<void> Connection::answer_requests() {
  for (std::size_t nth = 1; nth <= limits_->requests_per_connection && !is_stopping_; ++nth) {
    is_answering_ = false;
    co_await await_request(nth == 1 ? limits_->receive : limits_->idle);
    is_answering_ = true;
    if (!co_await answer_request(nth == limits_->requests_per_connection)) co_return;
  }
}

asio::awaitable<void> Connection::await_request(std::chrono::milliseconds patience) {
  if (!received_.empty()) co_return;  // pipelined: it came with the one before
  stream_.expires_after(patience);
  received_.resize(limits_->header_bytes);
  error_code error;
  received_.resize(co_await stream_.async_read_some(asio::buffer(received_), into_error(error)));
  if (error) throw boost::system::system_error(error);
}

asio::awaitable<bool> Connection::answer_request(bool is_last) {
  stream_.expires_after(limits_->receive);
  error_code error;
  // The head is read whole before it is parsed: Beast's own limit does not bound fields that come bit by bit.
  const auto size = co_await asio::async_read_until(
      stream_, asio::dynamic_buffer(received_, limits_->header_bytes), "\r\n\r\n", into_error(error));
  // Named, not written into the call: gcc 12 destroys some temporaries of a co_await expression twice.
  Envelope envelope;
  Response response = plain(431, "request header fields too large");
  if (!error) {
    response = judge({received_.data(), size}, envelope);
    received_.erase(0, size);
    envelope.keep_alive = envelope.keep_alive && !is_last && !is_stopping_;
  } else if (error != asio::error::not_found) {
    co_return false;  // it left, or was too slow
  }
  co_await send(response, envelope);
  co_return envelope.keep_alive;
}

Response Connection::judge(std::string_view head, Envelope& envelope) const {
  Parser parser;
  error_code error;
  parser.put(asio::buffer(head), error);
  if (error || !parser.is_header_done()) return plain(400, "bad request");
  const auto& request = parser.get();
  envelope.version = request.version();
  envelope.is_head = request.method() == beast::verb::head;
  if (has_body(parser))
    return plain(413, "requests have no body here");  // and closes: the body is still to come
  envelope.keep_alive = request.keep_alive();
  if (!envelope.is_head && request.method() != beast::verb::get)
    return plain(405, "only GET and HEAD are served");
  return respond({request.target().data(), request.target().size()});
}

Response Connection::respond(std::string_view target) const {
  const auto question = std::min(target.find('?'), target.size());
  const Request request{.path = target.substr(0, question),
                        .query = target.substr(std::min(question + 1, target.size()))};
  const auto route = routes_->find(request.path);
  if (route == routes_->end()) return plain(404, "not found");
  try {
    return route->second(request);
  } catch (const std::exception&) {
    return plain(500, "internal error");  // the text may name what is nobody's business here
  }
}

asio::awaitable<void> Connection::send(const Response& response, const Envelope& envelope) {
  beast::response<beast::string_body> message(static_cast<beast::status>(response.status), envelope.version);
  message.set(beast::field::content_type, response.content_type);
  message.set(beast::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  message.set("Content-Security-Policy", response.security_policy);
  message.set("Referrer-Policy", "no-referrer");
  if (message.result() == beast::status::method_not_allowed) message.set(beast::field::allow, "GET, HEAD");
  message.keep_alive(envelope.keep_alive);
  message.content_length(response.body.size());
  if (!envelope.is_head) message.body() = response.body;
  stream_.expires_after(limits_->send);
  co_await beast::async_write(stream_, message, asio::use_awaitable);
}

asio::awaitable<void> Connection::leave() {
  is_answering_ = false;
  error_code error;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(limits_->receive);
  std::array<char, 4096> unwanted{};
  for (std::size_t received = 0; !error && !is_stopping_ && received < max_unwanted_bytes;) {
    received += co_await stream_.async_read_some(asio::buffer(unwanted), into_error(error));
  }
}

}  // namespace outbox_relay::http
