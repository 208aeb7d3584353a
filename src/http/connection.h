#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/server.h"

namespace outbox_relay::http {

/// One client's connection. Lives on the server's thread.
class Connection {
 public:
  /// `routes` and `limits` outlive this.
  Connection(boost::asio::ip::tcp::socket socket, const Routes& routes, const Limits& limits);

  /// Answers requests until the client leaves, breaks a rule or a limit, or `stop` is called. Never throws.
  boost::asio::awaitable<void> serve();
  /// No more requests: leaves now, or once the response under way is sent.
  void stop();
  /// Leaves at once.
  void cut();

 private:
  /// Answers the requests one after the other. Throws when the client leaves or is too slow.
  boost::asio::awaitable<void> answer_requests();
  /// Waits for the next request's first byte.
  boost::asio::awaitable<void> await_request(std::chrono::milliseconds patience);
  /// Returns whether there may be another request.
  boost::asio::awaitable<bool> answer_request(bool is_last);
  struct Envelope;
  /// Decides what to answer to a request's head, and whether the connection goes on.
  [[nodiscard]] Response judge(std::string_view head, Envelope& envelope) const;
  boost::asio::awaitable<void> send(const Response& response, const Envelope& envelope);
  /// Lets the client read the last response: closing with unread data would reset the connection.
  boost::asio::awaitable<void> leave();
  [[nodiscard]] Response respond(std::string_view target) const;

  boost::beast::tcp_stream stream_;
  std::string received_;  ///< of requests not answered yet; never more than `header_bytes`
  const Routes* routes_;
  const Limits* limits_;
  bool is_answering_ = false;  ///< a request has begun to arrive, or its response is being sent
  bool is_stopping_ = false;
};

}  // namespace outbox_relay::http
