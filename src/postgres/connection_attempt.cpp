#include "postgres/connection_attempt.h"

#include <new>
#include <vector>

namespace outbox_relay::postgres {

void ConnectionAttempt::run_step() {
  if (connection) {
    status = PQconnectPoll(connection.get());
    return;
  }
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options.options()) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  connection.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection) throw std::bad_alloc{};
  // libpq offers no SQLSTATE for a connection that failed, but writes it into the message when asked to be
  // verbose.
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  status = PQstatus(connection.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
}

}  // namespace outbox_relay::postgres
