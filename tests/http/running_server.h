#pragma once

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "http/server.h"

namespace outbox_relay::http {

/// A server on a free port of the loopback, with a thread of its own.
class RunningServer {
 public:
  explicit RunningServer(Routes routes, const Limits& limits = {})
      : server_(std::in_place, context_, ListenAddress{.host = "127.0.0.1", .port = 0}, std::move(routes),
                limits),
        port_(server_->address().port),
        thread_([this] { context_.run(); }) {}
  ~RunningServer() {
    on_its_thread([this] { server_.reset(); });
    work_.reset();
    thread_.join();  // returns when nothing is left to be done: a connection that leaks would hang here
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void stop() {
    on_its_thread([this] { server_->stop(); });
  }
  [[nodiscard]] std::size_t connections() {
    std::size_t count = 0;
    on_its_thread([&] { count = server_->connections(); });
    return count;
  }
  /// Waits until the server's thread has done it.
  template <typename Action>
  void on_its_thread(Action action) {
    std::packaged_task<void()> task(std::move(action));
    const auto done = task.get_future();
    boost::asio::post(context_, std::move(task));
    done.wait();
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  std::optional<Server> server_;
  std::uint16_t port_;
  std::thread thread_;
};

/// A client that writes and reads bytes. Reading gives up after half a minute, so that a broken server cannot
/// hang a test.
class Client {
 public:
  explicit Client(const RunningServer& server) {
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), server.port()});
  }

  /// False when the server has closed the connection already.
  bool send(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(bytes), error);
    return !error;
  }
  void finish_sending() { socket_.shutdown(boost::asio::socket_base::shutdown_send); }
  /// All that comes until the server closes the connection.
  [[nodiscard]] std::string read_all() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }
  /// One response, its body included; what there is when the connection ends before.
  [[nodiscard]] std::string read_response() {
    while (received_.size() < response_size() && receive()) {
    }
    const auto size = std::min(response_size(), received_.size());
    auto response = received_.substr(0, size);
    received_.erase(0, size);
    return response;
  }

 private:
  /// Of the first response, as far as it is known.
  [[nodiscard]] std::size_t response_size() const {
    const auto head = received_.find("\r\n\r\n");
    if (head == std::string::npos) return std::string::npos;
    const auto length = received_.find("Content-Length: ");
    return head + 4 + (length < head ? std::strtoul(received_.c_str() + length + 16, nullptr, 10) : 0);
  }
  /// False at the end of the connection.
  bool receive() {
    pollfd readable{.fd = socket_.native_handle(), .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, 30'000) != 1) {
      received_ += "(the server neither answers nor closes the connection)";
      return false;
    }
    boost::system::error_code error;
    std::array<char, 65536> bytes{};
    received_.append(bytes.data(), socket_.read_some(boost::asio::buffer(bytes), error));
    return !error;
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_{context_};
  std::string received_;
};

inline std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n";
}
inline std::string get_and_close(std::string_view target) {
  return get(target, "Connection: close\r\n");
}

inline std::string status_of(const std::string& response) {
  return response.size() > 12 && response.starts_with("HTTP/1.1 ") ? response.substr(9, 3) : response;
}
inline std::string body_of(const std::string& response) {
  const auto head = response.find("\r\n\r\n");
  return head == std::string::npos ? response : response.substr(head + 4);
}

}  // namespace outbox_relay::http
