#include "support/postgres_server.h"

#include <libpq-fe.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace outbox_relay::testing {
namespace {

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Finish>;
using Result = std::unique_ptr<PGresult, Finish>;

Result run_sql(const std::string& connection_string, const std::string& sql) {
  const Connection connection{PQconnectdb(connection_string.c_str())};
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  // Notices ("does not exist, skipping") are no news in a test.
  PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  Result result{PQexec(connection.get(), sql.c_str())};
  switch (PQresultStatus(result.get())) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
      return result;
    default:
      throw std::runtime_error(PQerrorMessage(connection.get()) + sql);
  }
}

}  // namespace

PostgresServer::PostgresServer(const std::vector<std::string>& settings) {
  start(settings);
}

PostgresServer::PostgresServer(StandbyOf standby_of, const std::vector<std::string>& settings) {
  script_.start_as_standby_of(standby_of.primary.script_, settings);
}

PostgresServer::PostgresServer(const Certificates& certificates, const std::vector<std::string>& settings) {
  script_.start(settings, {"--secure", certificates.folder()});
}

std::string PostgresServer::connection_string(std::string_view user, std::string_view database) const {
  std::ostringstream text;
  text << "host=" << host() << " port=" << port() << " dbname=" << database << " user=" << user
       << " password=" << password();
  return text.str();
}

void PostgresServer::create_database(std::string_view name) const {
  execute("CREATE DATABASE \"" + std::string{name} + '"');
}

void PostgresServer::execute(const std::string& sql, std::string_view database) const {
  run_sql(connection_string("postgres", database), sql);
}

void PostgresServer::execute_file(const std::filesystem::path& file, std::string_view database) const {
  std::ifstream stream{file};
  if (!stream) throw std::runtime_error("cannot read " + file.string());
  std::ostringstream sql;
  sql << stream.rdbuf();
  execute(sql.str(), database);
}

std::vector<PostgresServer::Row> PostgresServer::query(const std::string& sql,
                                                       std::string_view database) const {
  const auto result = run_sql(connection_string("postgres", database), sql);
  std::vector<Row> rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      const int at = static_cast<int>(row);
      const auto length = static_cast<std::size_t>(PQgetlength(result.get(), at, column));
      rows[row].push_back(PQgetisnull(result.get(), at, column) != 0
                              ? std::nullopt
                              : std::optional{std::string{PQgetvalue(result.get(), at, column), length}});
    }
  }
  return rows;
}

std::string PostgresServer::value(const std::string& sql, std::string_view database) const {
  const auto rows = query(sql, database);
  if (rows.size() != 1 || rows[0].empty() || !rows[0][0]) throw std::runtime_error("not one value: " + sql);
  return *rows[0][0];
}

void PostgresServer::stop(Stop how) const {
  script_.run("stop", {how == Stop::fast ? "fast" : "immediate"});
}

}  // namespace outbox_relay::testing
