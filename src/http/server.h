#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "http/address.h"
#include "http/message.h"

namespace boost::asio {
class io_context;
}

namespace outbox_relay::http {

/// What bounds a client. The defaults suit Prometheus (scrapes each 15 to 60 s over one connection), probes
/// and people.
struct Limits {
  std::size_t header_bytes = 8192;
  /// With one more, the oldest connection is cut: a client that hoards connections cannot keep probes out.
  std::size_t connections = 64;
  std::size_t requests_per_connection = 1000;
  std::chrono::milliseconds idle{90'000};    ///< between two requests of one connection
  std::chrono::milliseconds receive{5'000};  ///< for one request to arrive, the connection's first included
  std::chrono::milliseconds send{10'000};    ///< for one response to be taken
};

/// A little HTTP/1.1 server: GET and HEAD, no bodies in requests, everything bounded.
///
/// Lives on the thread that runs the `io_context`, destructor included; handlers are called there.
class Server {
 public:
  /// Listens at once. Throws `ListenError`. `context` outlives this.
  Server(boost::asio::io_context& context, const ListenAddress& address, Routes routes,
         const Limits& limits = {});
  /// Cuts what `stop` left.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Where it listens, with the port that was found for port 0.
  [[nodiscard]] const ListenAddress& address() const;
  /// Takes no more connections and requests; responses under way are still sent, within their bound. May be
  /// repeated.
  void stop();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Implementation;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace outbox_relay::http
