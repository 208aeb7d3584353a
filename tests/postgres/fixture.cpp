#include "fixture.h"

#include <libpq-fe.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <stdexcept>

#include "support/catch.h"
#include "support/eventually.h"

// libpqxx 6.4 loses the result of a statement whose connection breaks; LeakSanitizer asks here what is known.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6.4\n";
}

namespace outbox_relay::testing {

void run_on(boost::asio::io_context& context, boost::asio::awaitable<void> work) {
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(work), [&](std::exception_ptr error) { failure = error; });
  context.restart();
  context.run();
  if (failure) std::rethrow_exception(failure);
}

Client::Client(const std::string& connection_string) : connection_(PQconnectdb(connection_string.c_str())) {
  if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
  PQsetNoticeProcessor(connection_, [](void*, const char*) {}, nullptr);
}

Client::~Client() {
  PQfinish(connection_);
}

void Client::execute(const std::string& sql) {
  PGresult* result = PQexec(connection_, sql.c_str());
  const auto status = PQresultStatus(result);
  PQclear(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(PQerrorMessage(connection_) + sql);
}

std::string Client::value(const std::string& sql) {
  PGresult* result = PQexec(connection_, sql.c_str());
  const bool is_found = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
  std::string value = is_found ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  if (!is_found) throw std::runtime_error(PQerrorMessage(connection_) + sql);
  return value;
}

Database::Database(PostgresServer& server) : server_(&server) {
  static int created = 0;
  name_ = "outbox_" + std::to_string(++created);
  server_->create_database(name_);
}

std::string Database::connection_string(const std::string& user) const {
  return server_->connection_string(user, name_);
}

std::unique_ptr<Client> Database::client() const {
  return std::make_unique<Client>(connection_string());
}

void Database::execute(const std::string& sql) const {
  server_->execute(sql, name_);
}

std::string Database::value(const std::string& sql) const {
  return server_->value(sql, name_);
}

void Database::deploy(const std::string& file) const {
  server_->execute_file(std::string{OUTBOX_RELAY_DEPLOY} + "/sql/" + file, name_);
}

postgres::Settings Database::settings() const {
  postgres::Settings settings = plain_settings();
  settings.table.message_id = "message_id";
  settings.table.key = "aggregateid";
  settings.table.headers = "headers";
  settings.table.created_at = "created_at";
  settings.table.parked_at = "parked_at";
  settings.table.attempts = "attempts";
  settings.table.last_error = "last_error";
  settings.table.parks = true;
  return settings;
}

postgres::Settings Database::plain_settings(const std::string& table) const {
  postgres::Settings settings;
  settings.server.connection = connection_string();
  settings.table.schema = "public";
  settings.table.name = table;
  settings.table.payload = "payload";
  settings.table.sent = "sent_at";
  return settings;
}

Relay::Relay(postgres::Settings settings, std::vector<std::string> columns) {
  postgres::PostgresSource::Events events;
  events.connection_opened = [this](relay::Purpose) { ++connections_opened_; };
  events.notice = [this](std::string_view line) { notices_.emplace_back(line); };
  source_ = std::make_unique<postgres::PostgresSource>(context_.get_executor(), std::move(settings),
                                                       std::move(columns), std::move(events));
}

Relay::~Relay() = default;

core::SourceFacts Relay::open() {
  source_->close();
  const bool leads = eventually([this] { return take_lead(); });
  REQUIRE(leads);
  return run_on(context_, source_->open());
}

core::Fetched Relay::fetch() {
  return fetch(everything());
}

relay::Completed Relay::completed(std::vector<core::InFlight*> rows) {
  return run_on(context_, source_->complete(rows));
}

namespace {

boost::asio::awaitable<bool> wait_for_notification(std::chrono::milliseconds patience,
                                                   relay::Source& source) {
  boost::asio::steady_timer bound{co_await boost::asio::this_coro::executor, patience};
  bound.async_wait([&source](const boost::system::error_code& cancelled) {
    if (!cancelled) source.interrupt();
  });
  co_return co_await source.next_notification();
}

}  // namespace

bool Relay::next_notification_within(std::chrono::milliseconds patience) {
  return run_on(context_, wait_for_notification(patience, *source_));
}

Connection::Connection(const postgres::ServerSettings& settings, postgres::SessionUse use)
    : session(context.get_executor(), helper, settings, use,
              [this](std::string_view line) { said.emplace_back(line); }) {}

std::vector<postgres::Result> Connection::run(std::vector<postgres::Query> batch) {
  return run_on(context, session.run(std::move(batch)));
}

core::FetchRequest everything() {
  core::FetchRequest request;
  request.max_rows = 1000;
  request.max_bytes = core::Bytes{32 << 20};
  return request;
}

core::FetchRequest above(std::int64_t after, std::vector<core::IdRange> gaps) {
  core::FetchRequest request = everything();
  request.after = core::RowId{after};
  request.gaps = std::move(gaps);
  return request;
}

Published::Published(core::Fetched fetched) : page_(std::make_unique<core::WindowPage>()) {
  page_->page = std::move(fetched.page);
  for (const auto& row : page_->page.rows) {
    auto& in_flight = page_->rows.emplace_back();
    in_flight.row = &row;
    in_flight.page = page_.get();
  }
}

std::vector<core::InFlight*> Published::rows() {
  std::vector<core::InFlight*> rows;
  for (auto& row : page_->rows) rows.push_back(&row);
  return rows;
}

core::Failure open_failure(const postgres::Settings& settings, std::vector<std::string> columns) {
  Relay relay{settings, std::move(columns)};
  return failure_of([&] { relay.open(); });
}

std::string make_role(const Database& database) {
  std::string role = "role_of_" + database.name();
  database.execute("CREATE ROLE " + role + " LOGIN PASSWORD '" + database.server().password() + "'");
  return role;
}

bool a_backend_waits(const Database& database) {
  return eventually([&] {
    return database.value(
               "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
               "wait_event_type = 'Lock'") == "1";
  });
}

std::vector<std::int64_t> ids(const core::Page& page) {
  std::vector<std::int64_t> numbers;
  for (const auto& row : page.rows) numbers.push_back(row.id.number());
  return numbers;
}

std::vector<std::string> payloads(const core::Page& page) {
  std::vector<std::string> texts;
  for (const auto& row : page.rows) texts.emplace_back(row.payload.value_or("NULL"));
  return texts;
}

}  // namespace outbox_relay::testing
