#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <utility>
#include <vector>

#include "core/failure.h"
#include "postgres/classify.h"
#include "postgres/connection_options.h"
#include "postgres/control_table.h"
#include "postgres/session_settings.h"
#include "postgres/table.h"

// libpqxx 6.4 (Debian 12) and 7.10 (Debian 13) under one name: what differs between them stands here.
namespace outbox_relay::postgres {

using Texts = std::vector<std::string>;

/// Connects to the first of the hosts that takes the connection, each within `connect_timeout`. Throws what
/// the last one met.
inline void connect(std::optional<pqxx::connection>& connection, const ServerSettings& settings) {
  const ConnectionOptions options{settings};
  for (std::size_t host = 0; host < options.hosts(); ++host) {
    ConnectionOptions to_one_host = options;
    to_one_host.keep_host(host);
    try {
      connection.emplace(to_one_host.to_string());
      return;
    } catch (const pqxx::broken_connection&) {
      connection.reset();
      if (host + 1 == options.hosts()) throw;
    }
  }
}

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

/// Nothing for NULL.
inline std::optional<std::string> optional_text(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<std::string>();
}

/// An array of texts as one parameter.
inline std::string array_literal(const Texts& elements) {
  std::string literal = "{";
  for (const auto& element : elements) {
    literal += literal.size() > 1 ? ",\"" : "\"";
    for (const char c : element) {
      if (c == '"' || c == '\\') literal += '\\';
      literal += c;
    }
    literal += '"';
  }
  return literal + '}';
}

/// What the statements of a transaction rely on. In each transaction anew: libpqxx 6.4 reconnects without a
/// word, and settings of the session would be gone.
inline void set_limits(pqxx::transaction_base& transaction, std::chrono::milliseconds statement_timeout) {
  execute(transaction, "SELECT " + common_settings_sql(statement_timeout, true));
}

inline CatalogRows to_catalog_rows(const pqxx::result& result) {
  CatalogRows rows;
  for (const auto& row : result) {
    auto& texts = rows.emplace_back();
    for (const auto& field : row) texts.emplace_back(field.is_null() ? "" : field.c_str());
  }
  return rows;
}

inline Catalog read_catalog(pqxx::transaction_base& transaction, const TableSettings& table) {
  const Texts names{table.schema, table.name};
  Catalog catalog;
  catalog.table = to_catalog_rows(execute(transaction, catalog_table_sql, names));
  catalog.columns = to_catalog_rows(execute(transaction, catalog_columns_sql, names));
  catalog.sequence =
      to_catalog_rows(execute(transaction, catalog_sequence_sql, {table.schema, table.name, table.id}));
  return catalog;
}

/// What the catalog says of an outbox's table, in a transaction of its own.
inline Table read_table(pqxx::connection& connection, const TableSettings& table) {
  pqxx::read_transaction transaction{connection};
  execute(transaction, "SELECT set_config('search_path', '', true)");
  return describe_table(table, {}, read_catalog(transaction, table));
}

/// The same as for a `Session`: nothing where there is no such table.
inline std::optional<ControlTable> read_control_table(pqxx::transaction_base& transaction,
                                                      const std::string& schema, const std::string& table) {
  const auto found = execute(transaction, control_table_sql, {schema, table});
  if (found.empty()) return std::nullopt;
  const auto row = found[0];
  return ControlTable{row[0].as<bool>(), row[1].as<bool>(), row[2].as<bool>(), row[3].as<bool>()};
}

/// The SQLSTATE of an exception of libpqxx's; by its type first, because some have none, and in libpqxx 6.4
/// some that the server reported are no `sql_error`.
inline std::string sqlstate_of(const std::exception& error) {
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) return "40P01";
  if (dynamic_cast<const pqxx::serialization_failure*>(&error) != nullptr) return "40001";
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error) != nullptr) return "40000";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr) return "42501";
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error);
  return sql == nullptr ? std::string{} : sql->sqlstate();
}

/// What an exception of libpqxx's means.
inline core::Failure failure_of(const std::exception& error, bool is_connecting) {
  const std::string text = error.what();
  const std::string line = text.substr(0, text.find('\n'));  // behind it DETAIL may quote a row
  if (dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr) {
    return is_connecting ? classify_connect(text, false) : connection_lost(text);
  }
  if (auto sqlstate = sqlstate_of(error); !sqlstate.empty()) return classify({std::move(sqlstate), line});
  if (dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr) {
    return {core::Reason::connection, core::Remedy::rebuild,
            "the connection to PostgreSQL was lost in a commit, whose outcome is not known", ""};
  }
  // Its words are nobody's whom we know: they may quote a value.
  return {core::Reason::other, core::Remedy::rebuild, "a statement failed, with an error of libpqxx's own",
          ""};
}

}  // namespace outbox_relay::postgres
