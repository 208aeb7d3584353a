#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/failure.h"
#include "postgres/query.h"
#include "postgres/result.h"
#include "postgres/session_settings.h"
#include "postgres/settings.h"

struct pg_conn;

namespace outbox_relay::postgres {

class ConnectionOptions;
struct ConnectionAttempt;
struct ServerError;

using boost::asio::awaitable;

/// A statement waited too long for somebody's lock: on the table, or on one of its rows.
class LockTimeout : public core::FailureError {
 public:
  using FailureError::FailureError;
};

/// One connection to PostgreSQL, asynchronous from end to end.
///
/// Lives on the thread of `executor`, one operation at a time; `close` may come at any time and ends what is
/// under way. Every operation has a deadline. When it passes, the socket is closed and nothing is cancelled
/// on the server: a cancelled COMMIT that waits for a standby would report success. Statements run in libpq's
/// pipeline mode, so a batch costs one round trip.
///
/// A pooled session (`SessionUse`) begins each batch with its settings, and ends when a batch was answered by
/// another server than the first one.
class Session {
 public:
  /// Called with one line for what the server says without being asked; never quotes a row.
  using Notice = std::function<void(std::string_view)>;

  /// `helper` runs libpq's steps to connect, which may block in the resolver. It must be joined before the
  /// executor's context is destroyed, and the session destroyed only when no operation is under way.
  Session(boost::asio::any_io_executor executor, boost::asio::thread_pool& helper,
          const ServerSettings& settings, SessionUse use, Notice notice);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Connects, in place of what was open. Throws `core::FailureError`, and is closed then: without its
  /// settings no session is used.
  awaitable<void> connect();
  /// Runs the statements as one transaction and returns a result for each. Each is prepared at its first use.
  /// Throws `core::FailureError`, also as `LockTimeout`; after remedy `retry` or `operate` the session can
  /// still be used.
  awaitable<std::vector<Result>> run(std::vector<Query> batch);
  awaitable<Result> run(Query query);
  /// Waits, without a deadline, until the server has passed on a notification (LISTEN) since
  /// `forget_notifications`, whether with the answers of a batch or between them; false after `interrupt`.
  /// Not for pooled sessions.
  awaitable<bool> next_notification();
  /// Makes a pending `next_notification` return.
  void interrupt() noexcept;
  void forget_notifications() { is_notified_ = false; }
  /// Until the session ends or is told otherwise, every batch begins with this statement, whose failure is
  /// the batch's.
  void guard_with(std::optional<Query> guard) { guard_ = std::move(guard); }
  /// Drops the connection at once.
  void close() noexcept;

  [[nodiscard]] bool is_open() const { return connection_ != nullptr; }
  /// Of an open session; 0 of a pooled one, which has a server's process for itself in a transaction only.
  [[nodiscard]] std::int32_t backend_pid() const { return backend_pid_; }
  /// Of an open session: the server's life that it is connected to.
  [[nodiscard]] const std::string& server_started() const { return server_started_; }
  /// Of an open session, as PQserverVersion has it: 150004.
  [[nodiscard]] int server_version() const;

 private:
  struct Finish {
    void operator()(pg_conn* connection) const noexcept;
  };
  using Connection = std::unique_ptr<pg_conn, Finish>;
  friend struct ConnectionAttempt;

  enum class Readiness : std::uint8_t { readable, writable, either };

  /// What a batch came to: results, or the first error.
  struct Outcome {
    std::vector<Result> results;
    std::optional<core::Failure> failure;
    bool plan_was_stale = false;
    bool lock_timed_out = false;
  };
  /// A command that was sent: the preparation of `sql` under a name, or, without `sql`, an execution.
  struct Command {
    const std::string* prepared = nullptr;
    std::string name;
  };

  awaitable<Connection> establish(ConnectionOptions to_one_host);
  awaitable<void> configure();
  [[nodiscard]] std::vector<Query> preamble() const;
  void check_server(const Result& settings);
  awaitable<std::vector<Result>> run_bare(const std::vector<Query>& batch);
  /// One step of libpq's connecting, on the helper's thread.
  awaitable<void> step(std::shared_ptr<ConnectionAttempt> attempt);

  awaitable<Outcome> attempt(const std::vector<Query>& batch);
  [[nodiscard]] std::vector<Command> send(const std::vector<Query>& batch);
  void send_prepare(const Query& query, const std::string& name);
  /// Without a name: a statement that is parsed for this once.
  void send_execute(const Query& query, const std::string* name);
  awaitable<void> flush();
  awaitable<Outcome> receive(std::vector<Command> commands);
  void take(pg_result* taken, Command& command, Outcome& outcome);

  awaitable<void> wait(Readiness readiness);
  void watch(int descriptor);
  void read_input();
  void take_notifications();
  void arm(std::chrono::milliseconds deadline, std::string_view what);
  void disarm();
  void end(core::Failure why) noexcept;
  [[noreturn]] void lose();

  boost::asio::any_io_executor executor_;
  boost::asio::thread_pool* helper_;
  ServerSettings settings_;
  SessionUse use_;
  Notice notice_;

  Connection connection_;
  std::optional<boost::asio::posix::stream_descriptor> socket_;  ///< a duplicate: Asio closes what it owns
  std::shared_ptr<ConnectionAttempt> connecting_;
  std::int32_t backend_pid_ = 0;
  std::string server_started_;
  std::optional<Query> guard_;
  bool is_notified_ = false;
  bool is_interrupted_ = false;                            ///< while waiting for the next notification
  std::unordered_map<std::string, std::string> prepared_;  ///< SQL text to statement name
  std::size_t names_ = 0;

  boost::asio::steady_timer deadline_;
  std::size_t armed_ = 0;   ///< numbers the deadlines, so that a late timer is told apart
  std::size_t closes_ = 0;  ///< calls of `close`
  std::size_t epoch_ = 0;   ///< grows with each `close`: whoever waited finds out
  core::Failure ended_;     ///< why the last epoch ended
  std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);  ///< timers hold it weakly
};

}  // namespace outbox_relay::postgres
