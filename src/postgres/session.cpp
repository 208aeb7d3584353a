#include "postgres/session.h"

#include <libpq-fe.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "postgres/binary.h"
#include "postgres/classify.h"
#include "postgres/connection_attempt.h"

namespace outbox_relay::postgres {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string{} : std::string{text};
}

ServerError server_error(const PGresult* result) {
  ServerError error{field(result, PG_DIAG_SQLSTATE), field(result, PG_DIAG_MESSAGE_PRIMARY),
                    PQresultErrorField(result, PG_DIAG_CONTEXT) != nullptr};
  if (error.sqlstate.empty()) error.message = PQresultErrorMessage(result);
  return error;
}

/// Whether the error ended the connection too. Not localized, unlike PG_DIAG_SEVERITY.
bool is_fatal(const PGresult* result) {
  const auto severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity == "FATAL" || severity == "PANIC";
}

/// libpq takes 16 KB at a time. Of a page there is mostly more by then, and to ask for it is cheaper than a
/// turn of the event loop.
bool has_input(int socket) {
  int bytes = 0;
  return ::ioctl(socket, FIONREAD, &bytes) == 0 && bytes > 0;
}

void receive_notice(void* notice, const PGresult* result) {
  const auto& call = *static_cast<const Session::Notice*>(notice);
  const ServerError said = server_error(result);
  if (!call) return;
  std::string line = "the server sent a " + field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (message_is_safe(said)) line += ": " + said.message;
  call(line + " (SQLSTATE " + said.sqlstate + ")");
}

}  // namespace

void Session::Finish::operator()(pg_conn* connection) const noexcept {
  PQfinish(connection);
}

Session::Session(asio::any_io_executor executor, asio::thread_pool& helper, const ServerSettings& settings,
                 SessionUse use, Notice notice)
    : executor_(std::move(executor)),
      helper_(&helper),
      settings_(settings),
      use_(use),
      notice_(std::move(notice)),
      deadline_(executor_) {}

Session::~Session() {
  close();
}

int Session::server_version() const {
  return PQserverVersion(connection_.get());
}

void Session::close() noexcept {
  ++closes_;
  end(connection_lost("it was closed"));
}

awaitable<void> Session::connect() {
  close();
  const auto closes = closes_;
  const ConnectionOptions options{settings_};
  std::optional<core::Failure> failure;
  for (std::size_t host = 0; host < options.hosts() && !connection_; ++host) {
    ConnectionOptions to_one_host = options;
    to_one_host.keep_host(host);
    try {
      connection_ = co_await establish(std::move(to_one_host));
    } catch (const core::FailureError& error) {
      if (closes != closes_) throw;
      // What only a person can mend is the news, wherever it was met.
      if (!failure || failure->remedy != core::Remedy::operate) failure = error.failure();
    }
  }
  if (!connection_) throw core::FailureError(*failure);
  PQsetnonblocking(connection_.get(), 1);
  PQsetErrorVerbosity(connection_.get(), PQERRORS_DEFAULT);
  PQsetNoticeReceiver(connection_.get(), &receive_notice, &notice_);
  if (PQenterPipelineMode(connection_.get()) != 1) lose();
  try {
    co_await configure();
  } catch (...) {
    close();
    throw;
  }
}

awaitable<void> Session::configure() {
  std::vector<Query> batch;
  batch.emplace_back(session_settings_sql(settings_, use_, server_version()));
  const auto results = co_await run_bare(batch);
  if (!use_.is_pooled) backend_pid_ = read_number<std::int32_t>(results[0].bytes(0, backend_pid_column));
  server_started_ = results[0].text(0, server_started_column);
}

awaitable<Session::Connection> Session::establish(ConnectionOptions to_one_host) {
  const auto attempt = std::make_shared<ConnectionAttempt>(executor_, std::move(to_one_host));
  connecting_ = attempt;
  arm(settings_.connect_timeout, "accept a connection");
  co_await step(attempt);
  while (attempt->status != PGRES_POLLING_OK && attempt->status != PGRES_POLLING_FAILED) {
    watch(PQsocket(
        attempt->connection.get()));  // may be another one after each step: a name can have several addresses
    co_await wait(attempt->status == PGRES_POLLING_READING ? Readiness::readable : Readiness::writable);
    co_await step(attempt);
  }
  if (attempt->status == PGRES_POLLING_FAILED) {
    PGconn* connection = attempt->connection.get();
    auto why = classify_connect(PQerrorMessage(connection), PQconnectionNeedsPassword(connection) != 0);
    end(why);
    throw core::FailureError(std::move(why));
  }
  watch(PQsocket(attempt->connection.get()));
  disarm();
  connecting_.reset();
  co_return std::move(attempt->connection);
}

awaitable<void> Session::step(std::shared_ptr<ConnectionAttempt> attempt) {
  const auto epoch = epoch_;
  attempt->step_done = false;
  attempt->stepped.expires_at(asio::steady_timer::time_point::max());
  asio::post(*helper_, [attempt, executor = executor_]() mutable {
    attempt->run_step();
    asio::post(executor, [attempt = std::move(attempt)] {
      attempt->step_done = true;
      attempt->stepped.cancel();
    });
  });
  while (!attempt->step_done && epoch == epoch_) {
    boost::system::error_code cancelled;
    co_await attempt->stepped.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  }
  if (epoch != epoch_) throw core::FailureError(ended_);
}

awaitable<Result> Session::run(Query query) {
  std::vector<Query> batch;
  batch.push_back(std::move(query));
  auto results = co_await run(std::move(batch));
  co_return std::move(results.front());
}

awaitable<std::vector<Result>> Session::run(std::vector<Query> batch) {
  if (!connection_) throw core::FailureError(connection_lost("it is closed"));
  const auto first = preamble();
  batch.insert(batch.begin(), first.begin(), first.end());
  auto results = co_await run_bare(batch);
  if (use_.is_pooled) check_server(results[1]);
  results.erase(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(first.size()));
  co_return results;
}

std::vector<Query> Session::preamble() const {
  std::vector<Query> first;
  if (use_.is_pooled) {
    first.emplace_back(read_committed_sql);
    first.emplace_back(session_settings_sql(settings_, use_, server_version()));
  }
  if (guard_) first.push_back(*guard_);
  return first;
}

void Session::check_server(const Result& settings) {
  if (settings.bytes(0, server_started_column) == server_started_) return;
  end({core::Reason::connection, core::Remedy::rebuild, "the pooler has turned to another server",
       "a pooler must lead to one primary"});
  throw core::FailureError(ended_);
}

awaitable<std::vector<Result>> Session::run_bare(const std::vector<Query>& batch) {
  Outcome outcome = co_await attempt(batch);
  if (outcome.plan_was_stale) {
    // The table was altered. The old statements stay on the server, a handful, until the connection ends.
    prepared_.clear();
    outcome = co_await attempt(batch);
  }
  if (outcome.lock_timed_out) throw LockTimeout(std::move(*outcome.failure));
  if (outcome.failure) throw core::FailureError(std::move(*outcome.failure));
  co_return std::move(outcome.results);
}

awaitable<Session::Outcome> Session::attempt(const std::vector<Query>& batch) {
  arm(settings_.statement_timeout + answer_grace, "answer");
  auto commands = send(batch);
  co_await flush();
  Outcome outcome = co_await receive(std::move(commands));
  disarm();
  take_notifications();
  co_return outcome;
}

std::vector<Session::Command> Session::send(const std::vector<Query>& batch) {
  std::vector<Command> commands;
  for (const Query& query : batch) {
    if (use_.is_pooled) {
      send_execute(query, nullptr);
      commands.emplace_back();
      continue;
    }
    const auto known = prepared_.find(query.sql());
    std::string name = known == prepared_.end() ? "outbox_relay_" + std::to_string(++names_) : known->second;
    if (known == prepared_.end()) {
      send_prepare(query, name);
      commands.push_back({&query.sql(), name});
    }
    send_execute(query, &name);
    commands.emplace_back();
  }
  if (PQpipelineSync(connection_.get()) != 1) lose();
  return commands;
}

void Session::send_prepare(const Query& query, const std::string& name) {
  std::vector<Oid> types;
  for (const auto& parameter : query.parameters()) types.push_back(static_cast<Oid>(parameter.type));
  const int count = static_cast<int>(types.size());
  if (PQsendPrepare(connection_.get(), name.c_str(), query.sql().c_str(), count, types.data()) != 1) lose();
}

void Session::send_execute(const Query& query, const std::string* name) {
  constexpr int binary = 1;
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  for (const auto& parameter : query.parameters()) {
    types.push_back(static_cast<Oid>(parameter.type));
    values.push_back(parameter.bytes.data());
    lengths.push_back(static_cast<int>(parameter.bytes.size()));
  }
  const std::vector<int> formats(values.size(), binary);
  const int count = static_cast<int>(values.size());
  const int is_sent = name != nullptr
                          ? PQsendQueryPrepared(connection_.get(), name->c_str(), count, values.data(),
                                                lengths.data(), formats.data(), binary)
                          : PQsendQueryParams(connection_.get(), query.sql().c_str(), count, types.data(),
                                              values.data(), lengths.data(), formats.data(), binary);
  if (is_sent != 1) lose();
}

awaitable<void> Session::flush() {
  for (;;) {
    const int unsent = PQflush(connection_.get());
    if (unsent == 0) co_return;
    if (unsent < 0) lose();
    // Reading too, because a server whose own answers nobody takes stops reading.
    co_await wait(Readiness::either);
    read_input();
  }
}

awaitable<Session::Outcome> Session::receive(std::vector<Command> commands) {
  Outcome outcome;
  auto command = commands.begin();
  bool is_committed = false;
  for (;;) {
    while (PQisBusy(connection_.get()) != 0) {
      if (!has_input(PQsocket(connection_.get()))) co_await wait(Readiness::readable);
      read_input();
    }
    PGresult* taken = PQgetResult(connection_.get());
    if (taken == nullptr) {  // the end of one command's results; the last may be the commit's
      if (is_committed) lose();
      is_committed = command == commands.end();
      if (!is_committed) ++command;
      continue;
    }
    if (PQresultStatus(taken) == PGRES_PIPELINE_SYNC) {
      PQclear(taken);
      co_return outcome;
    }
    // Behind the last command only an error can come: of the commit, which happens at the end of the batch.
    Command commit;
    take(taken, command == commands.end() ? commit : *command, outcome);
  }
}

void Session::take(pg_result* taken, Command& command, Outcome& outcome) {
  Result result{taken};
  switch (PQresultStatus(taken)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
      if (command.prepared != nullptr) {
        prepared_.emplace(*command.prepared, command.name);
      } else {
        outcome.results.push_back(std::move(result));
      }
      return;
    case PGRES_PIPELINE_ABORTED:
      return;
    default:
      break;
  }
  if (PQstatus(connection_.get()) == CONNECTION_BAD) lose();
  const ServerError error = server_error(taken);
  if (is_fatal(taken)) {
    end(classify(error));
    throw core::FailureError(ended_);
  }
  if (outcome.failure) return;
  outcome.failure = classify(error);
  // "cached plan must not change result type", or somebody deallocated our statements.
  outcome.plan_was_stale = error.sqlstate == "0A000" || error.sqlstate == "26000";
  outcome.lock_timed_out = error.sqlstate == "55P03";
}

awaitable<void> Session::wait(Readiness readiness) {
  using boost::asio::experimental::awaitable_operators::operator||;
  using Socket = asio::posix::stream_descriptor;
  const auto epoch = epoch_;
  boost::system::error_code error;
  boost::system::error_code other;
  switch (readiness) {
    case Readiness::readable:
      co_await socket_->async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, error));
      break;
    case Readiness::writable:
      co_await socket_->async_wait(Socket::wait_write, asio::redirect_error(asio::use_awaitable, error));
      break;
    case Readiness::either:
      co_await (socket_->async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, error)) ||
                socket_->async_wait(Socket::wait_write, asio::redirect_error(asio::use_awaitable, other)));
      break;
  }
  if (epoch != epoch_) throw core::FailureError(ended_);
}

void Session::watch(int descriptor) {
  const int duplicate = ::dup(descriptor);
  if (duplicate < 0) {
    end({core::Reason::resources, core::Remedy::rebuild, "out of file descriptors",
         "raise the limit (LimitNOFILE)"});
    throw core::FailureError(ended_);
  }
  socket_.emplace(executor_, duplicate);
}

void Session::read_input() {
  if (PQconsumeInput(connection_.get()) != 1) lose();
}

awaitable<bool> Session::next_notification() {
  if (!connection_) throw core::FailureError(connection_lost("it is closed"));
  is_interrupted_ = false;
  while (!is_notified_ && !is_interrupted_) {
    co_await wait(Readiness::readable);
    read_input();
    take_notifications();
  }
  co_return std::exchange(is_notified_, false);
}

void Session::interrupt() noexcept {
  is_interrupted_ = true;
  boost::system::error_code ignored;
  if (socket_) socket_->cancel(ignored);
}

// All of them at once: what is not taken stays in memory.
void Session::take_notifications() {
  while (PGnotify* const notification = PQnotifies(connection_.get())) {
    is_notified_ = true;
    PQfreemem(notification);
  }
}

void Session::arm(std::chrono::milliseconds deadline, std::string_view what) {
  deadline_.expires_after(deadline);
  deadline_.async_wait([this, deadline, what, armed = ++armed_,
                        alive = std::weak_ptr{alive_}](boost::system::error_code) {
    if (alive.expired() || armed != armed_) return;
    end({core::Reason::timeout, core::Remedy::rebuild,
         "PostgreSQL did not " + std::string{what} + " within " + std::to_string(deadline.count()) + " ms",
         ""});
  });
}

void Session::disarm() {
  ++armed_;
  deadline_.cancel();
}

void Session::end(core::Failure why) noexcept {
  ended_ = std::move(why);
  ++epoch_;
  disarm();
  connection_.reset();
  socket_.reset();
  guard_.reset();
  is_notified_ = false;
  prepared_.clear();
  if (connecting_) connecting_->stepped.cancel();
  connecting_.reset();
}

void Session::lose() {
  end(connection_lost(PQerrorMessage(connection_.get())));
  throw core::FailureError(ended_);
}

}  // namespace outbox_relay::postgres
