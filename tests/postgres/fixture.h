// What the tests of PostgresSource share: a database of their own, a client beside the relay, and the relay's
// source driven from plain test code.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/finding.h"
#include "core/window.h"
#include "postgres/query.h"
#include "postgres/result.h"
#include "postgres/session.h"
#include "postgres/settings.h"
#include "postgres/source.h"
#include "support/servers.h"

struct pg_conn;

namespace outbox_relay::testing {

/// Runs a coroutine to its end. When nothing else is under way on the context, this also proves that it
/// leaves nothing behind: `run` returns only when no work is left.
template <typename T>
T run_on(boost::asio::io_context& context, boost::asio::awaitable<T> work) {
  std::exception_ptr failure;
  std::optional<T> result;
  boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr error, T value) {
    failure = error;
    if (!error) result.emplace(std::move(value));
  });
  context.restart();
  context.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}
void run_on(boost::asio::io_context& context, boost::asio::awaitable<void> work);

/// A connection of a service, or of an operator: what the relay has to live with.
class Client {
 public:
  explicit Client(const std::string& connection_string);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Any number of statements; throws std::runtime_error.
  void execute(const std::string& sql);
  std::string value(const std::string& sql);

 private:
  pg_conn* connection_;
};

/// A database of its own, and the outbox table of deploy/sql in it when asked for.
class Database {
 public:
  explicit Database(PostgresServer& server = shared_postgres());

  [[nodiscard]] PostgresServer& server() const { return *server_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::string connection_string(const std::string& user = "postgres") const;
  [[nodiscard]] std::unique_ptr<Client> client() const;
  void execute(const std::string& sql) const;
  [[nodiscard]] std::string value(const std::string& sql) const;
  /// Runs a file of deploy/sql.
  void deploy(const std::string& file) const;

  /// For a table as deploy/sql/outbox.sql makes it.
  [[nodiscard]] postgres::Settings settings() const;
  /// For a table that has, of the columns with a role, only an id, a payload and `sent_at`.
  [[nodiscard]] postgres::Settings plain_settings(const std::string& table = "outbox") const;

 private:
  PostgresServer* server_;
  std::string name_;
};

/// Two columns and the mark: enough for most cases.
inline constexpr auto plain_outbox =
    "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text, sent_at "
    "timestamptz);";

/// A `PostgresSource` with its loop.
class Relay {
 public:
  explicit Relay(postgres::Settings settings, std::vector<std::string> columns = {});
  ~Relay();

  /// Takes the lead, as soon as it is free, and opens; anew when it was open.
  core::SourceFacts open();
  bool take_lead() { return lead().has_value(); }
  std::optional<relay::Lead> lead() { return run_on(context_, source_->take_lead()); }
  void keep_lead() { run_on(context_, source_->keep_lead()); }
  void resign() { run_on(context_, source_->resign()); }
  core::Fetched fetch(core::FetchRequest request) {
    return run_on(context_, source_->fetch(std::move(request)));
  }
  core::Fetched fetch();
  core::Survey survey(core::SurveyRequest request) { return run_on(context_, source_->survey(request)); }
  core::LogPosition flush_position(bool flush_first = false) {
    return run_on(context_, source_->read_flush_position(flush_first));
  }
  std::size_t complete(std::vector<core::InFlight*> rows) { return completed(std::move(rows)).rows; }
  /// The same, with those that somebody has locked.
  relay::Completed completed(std::vector<core::InFlight*> rows);
  std::vector<core::RowId> park(const std::vector<core::Parking>& rows) {
    return run_on(context_, source_->park(rows));
  }
  std::vector<core::Released> find_released(const std::vector<core::RowId>& parked) {
    return run_on(context_, source_->find_released(parked));
  }
  /// False when none came for long.
  bool next_notification() { return next_notification_within(std::chrono::seconds{30}); }
  /// None of what was committed before. Any has come by the time that another statement is answered.
  bool has_no_notification() {
    survey({0, 1, 1});
    return !next_notification_within({});
  }
  void save_watermark(std::int64_t watermark) { run_on(context_, source_->save_watermark(watermark)); }
  void close() { source_->close(); }

  [[nodiscard]] boost::asio::io_context& context() { return context_; }
  [[nodiscard]] postgres::PostgresSource& source() { return *source_; }
  [[nodiscard]] const std::vector<std::string>& notices() const { return notices_; }
  [[nodiscard]] int connections_opened() const { return connections_opened_; }

 private:
  bool next_notification_within(std::chrono::milliseconds patience);

  boost::asio::io_context context_;
  std::vector<std::string> notices_;
  int connections_opened_ = 0;
  std::unique_ptr<postgres::PostgresSource> source_;
};

/// A session with its loop and helper.
struct Connection {
  explicit Connection(const postgres::ServerSettings& settings, postgres::SessionUse use = {});

  void connect() { run_on(context, session.connect()); }
  std::vector<postgres::Result> run(std::vector<postgres::Query> batch);
  postgres::Result run(const postgres::Query& query) { return run(std::vector{query}).front(); }
  postgres::Result run(const std::string& sql) { return run(postgres::Query{sql}); }
  std::string setting(const std::string& name) {
    return run("SELECT current_setting('" + name + "')").text(0, 0);
  }

  boost::asio::io_context context;
  boost::asio::thread_pool helper{1};
  std::vector<std::string> said;  ///< by the server, without being asked
  postgres::Session session;
};

/// All pending rows, within generous limits.
core::FetchRequest everything();
/// Those above an id, and those in the gaps.
core::FetchRequest above(std::int64_t after, std::vector<core::IdRange> gaps = {});

/// A fetched page as it stands in the window.
class Published {
 public:
  explicit Published(core::Fetched fetched);

  [[nodiscard]] std::vector<core::InFlight*> rows();
  /// As after a reconnect.
  void distrust_places() { page_->places_hold = false; }

 private:
  std::unique_ptr<core::WindowPage> page_;
};

/// The failure that `action` throws; fails the test when it throws none.
template <typename Action>
core::Failure failure_of(Action action) {
  try {
    action();
  } catch (const core::FailureError& error) {
    return error.failure();
  }
  throw std::logic_error("no failure");
}

/// What a relay's first start fails with; fails the test when it does not.
core::Failure open_failure(const postgres::Settings& settings, std::vector<std::string> columns = {});

/// A role that may connect, and nothing else. Roles belong to the server, so each database has its own.
std::string make_role(const Database& database);

/// Waits until one backend of the database, and no more, waits for a lock; false when that never happens.
bool a_backend_waits(const Database& database);

[[nodiscard]] std::vector<std::int64_t> ids(const core::Page& page);
[[nodiscard]] std::vector<std::string> payloads(const core::Page& page);

}  // namespace outbox_relay::testing
