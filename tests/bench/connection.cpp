#include "connection.h"

#include <stdexcept>
#include <vector>

namespace outbox_relay::bench {

using postgres::Query;
using postgres::Result;

namespace {

constexpr int binary = 1;

}  // namespace

Connection::Connection(const std::string& options) : connection_(PQconnectdb(options.c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) fail("connecting");
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

void Connection::fail(const std::string& what) const {
  throw std::runtime_error(what + ": " + PQerrorMessage(connection_.get()));
}

Result Connection::checked(PGresult* raw, const std::string& what) const {
  Result result{raw};
  const auto status = PQresultStatus(raw);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) fail(what);
  return result;
}

void Connection::execute(const std::string& sql) {
  static_cast<void>(checked(PQexec(connection_.get(), sql.c_str()), sql));
}

const std::string& Connection::prepared(const Query& query) {
  const auto [known, is_new] = names_.try_emplace(query.sql(), std::to_string(names_.size()));
  if (!is_new) return known->second;
  std::vector<Oid> types;
  for (const auto& parameter : query.parameters()) types.push_back(static_cast<Oid>(parameter.type));
  const auto& name = known->second;
  static_cast<void>(checked(PQprepare(connection_.get(), name.c_str(), query.sql().c_str(),
                                      static_cast<int>(types.size()), types.data()),
                            query.sql()));
  return name;
}

void Connection::send(const Query& query) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  const std::vector<int> formats(query.parameters().size(), binary);
  for (const auto& parameter : query.parameters()) {
    values.push_back(parameter.bytes.data());
    lengths.push_back(static_cast<int>(parameter.bytes.size()));
  }
  if (PQsendQueryPrepared(connection_.get(), prepared(query).c_str(), static_cast<int>(values.size()),
                          values.data(), lengths.data(), formats.data(), binary) == 0) {
    fail(query.sql());
  }
  is_waiting_ = true;
}

bool Connection::is_ready() {
  if (PQconsumeInput(connection_.get()) == 0) fail("reading");
  return PQisBusy(connection_.get()) == 0;
}

Result Connection::receive() {
  Result result = checked(PQgetResult(connection_.get()), "a statement");
  while (PGresult* const more = PQgetResult(connection_.get())) PQclear(more);
  is_waiting_ = false;
  return result;
}

Result Connection::run(const Query& query) {
  send(query);
  return receive();
}

}  // namespace outbox_relay::bench
