#pragma once

#include <exception>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "core/failure.h"
#include "postgres/classify.h"
#include "postgres/table.h"

// libpqxx 6.4 (Debian 12) and 7.10 (Debian 13) under one name: what differs between them stands here.
namespace outbox_relay::postgres {

using Texts = std::vector<std::string>;

/// Runs one statement, parameters as text.
inline pqxx::result execute(pqxx::transaction_base& transaction, const std::string& sql,
                            const Texts& parameters = {}) {
#if PQXX_VERSION_MAJOR < 7
  return transaction.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters));
#else
  pqxx::params values;
  for (const auto& parameter : parameters) values.append(parameter);
  return transaction.exec(sql, values);
#endif
}

inline CatalogRows to_catalog_rows(const pqxx::result& result) {
  CatalogRows rows;
  for (const auto& row : result) {
    auto& texts = rows.emplace_back();
    for (const auto& field : row) texts.emplace_back(field.is_null() ? "" : field.c_str());
  }
  return rows;
}

/// What an exception of libpqxx's means. By its type first: some lack the SQLSTATE, and some are no
/// `sql_error`.
inline core::Failure failure_of(const std::exception& error, bool is_connecting) {
  const std::string text = error.what();
  const std::string line = text.substr(0, text.find('\n'));  // behind it DETAIL may quote a row
  if (dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr) {
    return is_connecting ? classify_connect(text, false) : connection_lost(text);
  }
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return classify({"42501", line});
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
      sql != nullptr && !sql->sqlstate().empty()) {
    return classify({sql->sqlstate(), line});
  }
  return {core::Reason::other, core::Remedy::rebuild, "a measurement failed: " + line, ""};
}

}  // namespace outbox_relay::postgres
