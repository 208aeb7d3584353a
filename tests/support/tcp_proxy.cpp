#include "support/tcp_proxy.h"

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <future>
#include <list>
#include <random>
#include <thread>
#include <utility>

namespace outbox_relay::testing {
namespace {

namespace asio = boost::asio;
using asio::use_awaitable;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Line = TcpProxy::Line;

/// What a direction may hold back before it stops reading, as a network's buffers do.
constexpr std::size_t longest_queue = 4U << 20U;

/// Waits that others end early by `wake`.
class Signal {
 public:
  explicit Signal(asio::io_context& context) : timer_{context} {}

  asio::awaitable<void> wait_until(Clock::time_point moment) {
    timer_.expires_at(moment);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(use_awaitable, ignored));
  }
  asio::awaitable<void> wait() { co_await wait_until(Clock::time_point::max()); }
  void wake() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
};

/// One direction of one connection: a queue between a coroutine that reads and one that writes.
struct Channel {
  struct Chunk {
    Clock::time_point due;
    std::string bytes;  ///< none: the sender has closed
  };

  explicit Channel(asio::io_context& context) : has_room{context}, has_news{context} {}

  std::deque<Chunk> queue;
  std::size_t queued = 0;
  Signal has_room;  ///< for the reader
  Signal has_news;  ///< for the writer: a chunk, or another line
};

struct Session {
  Session(asio::io_context& context, tcp::socket accepted)
      : client{std::move(accepted)}, server{context}, to_server{context}, to_client{context} {}

  void close() {
    boost::system::error_code ignored;
    client.close(ignored);
    server.close(ignored);
    is_closed = true;
    for (Channel* channel : {&to_server, &to_client}) {
      channel->has_room.wake();
      channel->has_news.wake();
    }
  }
  void reset() {
    boost::system::error_code ignored;
    for (tcp::socket* socket : {&client, &server}) {
      socket->set_option(asio::socket_base::linger{true, 0}, ignored);
    }
    close();
  }

  tcp::socket client;
  tcp::socket server;
  Channel to_server;
  Channel to_client;
  bool is_closed = false;
};
using SharedSession = std::shared_ptr<Session>;

}  // namespace

struct TcpProxy::State {
  asio::io_context context;
  /// The thread goes on when there is no connection and nobody listens.
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  tcp::acceptor acceptor{context, {asio::ip::address_v4::loopback(), 0}};
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  const std::string address = "127.0.0.1:" + port;
  std::atomic<std::size_t> connections{0};
  // Of the thread:
  std::optional<tcp::endpoint> upstream;
  Line to_server;
  Line to_client;
  std::list<std::weak_ptr<Session>> sessions;
  std::minstd_rand jitter;
  std::thread thread;

  State() {
    asio::co_spawn(context, accept(), asio::detached);
    thread = std::thread{[this] { context.run(); }};
  }
  ~State() {
    context.stop();
    thread.join();
  }

  /// Runs `action` on the thread and waits for its end.
  template <typename Action>
  void on_thread(Action action) {
    std::promise<void> done;
    asio::post(context, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }

  template <typename Action>
  void for_each_session(Action action) {
    for (auto at = sessions.begin(); at != sessions.end();) {
      if (const auto session = at->lock()) {
        action(*session);
        ++at;
      } else {
        at = sessions.erase(at);
      }
    }
  }

  asio::awaitable<void> accept() {
    while (acceptor.is_open()) {
      boost::system::error_code error;
      tcp::socket accepted = co_await acceptor.async_accept(asio::redirect_error(use_awaitable, error));
      if (error) continue;
      auto session = std::make_shared<Session>(context, std::move(accepted));
      ++connections;
      sessions.push_back(session);
      asio::co_spawn(context, serve(std::move(session)), asio::detached);
    }
  }

  asio::awaitable<void> serve(SharedSession session) {
    try {
      while (to_server.is_stalled && !session->is_closed) co_await session->to_server.has_news.wait();
      if (!upstream || session->is_closed) co_return;
      co_await session->server.async_connect(*upstream, use_awaitable);
      session->client.set_option(tcp::no_delay{true});
      session->server.set_option(tcp::no_delay{true});
    } catch (const boost::system::system_error&) {
      session->close();  // the server does not listen
      co_return;
    }
    start(session, session->client, session->server, session->to_server, to_server);
    start(session, session->server, session->client, session->to_client, to_client);
  }

  void start(const SharedSession& session, tcp::socket& from, tcp::socket& to, Channel& channel,
             const Line& line) {
    asio::co_spawn(context, read(session, from, channel, line), asio::detached);
    asio::co_spawn(context, write(session, to, channel, line), asio::detached);
  }

  Clock::time_point due(const Line& line) {
    const auto extra = line.jitter.count() == 0 ? 0 : static_cast<long>(jitter()) % (line.jitter.count() + 1);
    return Clock::now() + line.latency + std::chrono::milliseconds{extra};
  }

  asio::awaitable<void> read(SharedSession session, tcp::socket& from, Channel& channel, const Line& line) {
    std::array<char, 65536> buffer;  // NOLINT(*-member-init): filled by reading
    boost::system::error_code error;
    while (!error && !session->is_closed) {
      if (channel.queued > longest_queue) {
        co_await channel.has_room.wait();
        continue;
      }
      const auto size =
          co_await from.async_read_some(asio::buffer(buffer), asio::redirect_error(use_awaitable, error));
      channel.queued += size;
      // Nothing overtakes what was sent before it.
      const auto earliest = channel.queue.empty() ? Clock::time_point::min() : channel.queue.back().due;
      channel.queue.push_back({std::max(earliest, due(line)), std::string{buffer.data(), size}});
      channel.has_news.wake();
    }
  }

  asio::awaitable<void> write(SharedSession session, tcp::socket& to, Channel& channel, const Line& line) {
    boost::system::error_code error;
    while (!error && !session->is_closed) {
      if (channel.queue.empty() || line.is_stalled) {
        co_await channel.has_news.wait();
        continue;
      }
      if (channel.queue.front().due > Clock::now()) {
        co_await channel.has_news.wait_until(channel.queue.front().due);
        continue;
      }
      const std::string bytes = std::move(channel.queue.front().bytes);
      channel.queue.pop_front();
      channel.queued -= bytes.size();
      channel.has_room.wake();
      if (bytes.empty()) {
        to.shutdown(tcp::socket::shutdown_send, error);
        co_return;
      }
      co_await asio::async_write(to, asio::buffer(bytes), asio::redirect_error(use_awaitable, error));
      if (line.bytes_per_second) co_await pace(bytes.size(), *line.bytes_per_second);
    }
    session->close();
  }

  asio::awaitable<void> pace(std::size_t bytes, std::size_t bytes_per_second) {
    asio::steady_timer timer{context, std::chrono::microseconds{bytes * 1'000'000 / bytes_per_second}};
    co_await timer.async_wait(use_awaitable);
  }
};

TcpProxy::TcpProxy() : state_{std::make_unique<State>()} {}
TcpProxy::~TcpProxy() = default;

const std::string& TcpProxy::address() const {
  return state_->address;
}

std::string TcpProxy::port() const {
  return state_->port;
}

void TcpProxy::forward_to(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const tcp::endpoint endpoint{asio::ip::make_address(address.substr(0, colon)),
                               static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)))};
  state_->on_thread([&] {
    state_->upstream = endpoint;
    state_->for_each_session([](Session& session) { session.close(); });
  });
}

void TcpProxy::set(Direction direction, const Line& line) {
  state_->on_thread([&] {
    (direction == Direction::to_server ? state_->to_server : state_->to_client) = line;
    state_->for_each_session([](Session& session) {
      session.to_server.has_news.wake();
      session.to_client.has_news.wake();
    });
  });
}

void TcpProxy::set(const Line& both_ways) {
  set(Direction::to_server, both_ways);
  set(Direction::to_client, both_ways);
}

void TcpProxy::cut() {
  state_->on_thread([&] { state_->for_each_session([](Session& session) { session.reset(); }); });
}

void TcpProxy::disappear() {
  state_->on_thread([&] {
    state_->acceptor.close();
    state_->for_each_session([](Session& session) { session.reset(); });
  });
}

std::size_t TcpProxy::connections() const {
  return state_->connections;
}

}  // namespace outbox_relay::testing
