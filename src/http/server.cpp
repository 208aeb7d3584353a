#include "http/server.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <string>
#include <utility>

#include "http/connection.h"

namespace outbox_relay::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// Between attempts to accept when the process has no descriptor left for another connection.
constexpr std::chrono::milliseconds accept_pause{100};

std::string hint_for(const error_code& error) {
  if (error == asio::error::address_in_use)
    return "another process listens there: stop it, or change http.listen";
  if (error == asio::error::access_denied)
    return "ports below 1024 need a privilege: choose another in http.listen";
  return "change http.listen to an address of this machine";
}

void require(const error_code& error, const ListenAddress& address) {
  if (!error) return;
  throw ListenError("cannot listen on " + address.to_string() + ": " + error.message(), hint_for(error));
}

tcp::acceptor listen(asio::io_context& context, const ListenAddress& address) {
  const tcp::endpoint endpoint(asio::ip::make_address(address.host), address.port);
  tcp::acceptor acceptor(context);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  require(error, address);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  require(error, address);
  acceptor.bind(endpoint, error);
  require(error, address);
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  require(error, address);
  return acceptor;
}

}  // namespace

struct Server::Implementation : std::enable_shared_from_this<Implementation> {
  Implementation(asio::io_context& io, const ListenAddress& wanted, Routes handlers, const Limits& bounds)
      : context(io),
        acceptor(listen(io, wanted)),
        pause(io),
        address{.host = wanted.host, .port = acceptor.local_endpoint().port()},
        routes(std::move(handlers)),
        limits(bounds) {}

  /// Runs until `stop`; holds `self` while it does.
  asio::awaitable<void> accept_all(std::shared_ptr<Implementation> self) {
    while (self->acceptor.is_open()) {
      error_code error;
      auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!acceptor.is_open()) co_return;
      if (error) {
        pause.expires_after(accept_pause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      } else {
        admit(std::move(socket));
      }
    }
  }

  void admit(tcp::socket socket) {
    if (connections.size() >= limits.connections) {
      connections.front()->cut();
      connections.pop_front();
    }
    auto connection = std::make_shared<Connection>(std::move(socket), routes, limits);
    connections.push_back(connection);
    asio::co_spawn(
        context, [connection] { return connection->serve(); },
        [self = shared_from_this(), connection](const std::exception_ptr&) {
          self->connections.remove(connection);
        });
  }

  void stop() {
    error_code error;
    acceptor.close(error);
    pause.cancel();
    for (const auto& connection : connections) connection->stop();
  }

  asio::io_context& context;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  ListenAddress address;
  Routes routes;
  Limits limits;
  std::list<std::shared_ptr<Connection>> connections;  // the oldest first
};

Server::Server(asio::io_context& context, const ListenAddress& address, Routes routes, const Limits& limits)
    : implementation_(std::make_shared<Implementation>(context, address, std::move(routes), limits)) {
  asio::co_spawn(context, implementation_->accept_all(implementation_), asio::detached);
}

Server::~Server() {
  stop();
  for (const auto& connection : implementation_->connections) connection->cut();
}

const ListenAddress& Server::address() const {
  return implementation_->address;
}

void Server::stop() {
  implementation_->stop();
}

std::size_t Server::connections() const {
  return implementation_->connections.size();
}

}  // namespace outbox_relay::http
