#include "sql_session.h"

#include <libpq-fe.h>

namespace outbox_relay::testing {
namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

bool is_success(const Result& result) {
  const auto status = PQresultStatus(result.get());
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

}  // namespace

void SqlSession::Finish::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

SqlSession::SqlSession(const std::string& connection_string)
    : connection_{PQconnectdb(connection_string.c_str())} {
  if (PQstatus(connection_.get()) != CONNECTION_OK) fail("connecting");
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

void SqlSession::execute(const std::string& sql) {
  const Result result{PQexec(connection_.get(), sql.c_str())};
  if (!is_success(result)) fail(sql);
}

std::vector<std::vector<SqlSession::Value>> SqlSession::query(const std::string& sql,
                                                              const std::vector<Parameter>& parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  for (const auto& [value, is_binary] : parameters) {
    values.push_back(value ? value->c_str() : nullptr);
    lengths.push_back(value ? static_cast<int>(value->size()) : 0);
    formats.push_back(is_binary ? 1 : 0);
  }
  const Result result{PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(parameters.size()),
                                   nullptr, values.data(), lengths.data(), formats.data(), 0)};
  if (!is_success(result)) fail(sql);
  std::vector<std::vector<Value>> rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      auto& value = rows[static_cast<std::size_t>(row)].emplace_back();
      if (PQgetisnull(result.get(), row, column) != 0) continue;
      value.emplace(PQgetvalue(result.get(), row, column),
                    static_cast<std::size_t>(PQgetlength(result.get(), row, column)));
    }
  }
  return rows;
}

void SqlSession::fail(const std::string& sql) const {
  throw SqlError{PQerrorMessage(connection_.get()) + sql.substr(0, 200),
                 PQstatus(connection_.get()) != CONNECTION_OK};
}

}  // namespace outbox_relay::testing
