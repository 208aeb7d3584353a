#include "postgres/row_bounds.h"

#include <charconv>

#include "core/failure.h"
#include "postgres/pqxx_adapter.h"

namespace outbox_relay::postgres {

std::int64_t read_moment(pqxx::transaction_base& transaction, const std::string& text) {
  try {
    return execute(transaction, "SELECT " + microseconds_sql("$1::timestamptz"), {text})[0][0]
        .as<std::int64_t>();
  } catch (const pqxx::data_exception&) {
    throw core::FailureError({core::Reason::other, core::Remedy::operate, "`" + text + "` is no time",
                              "write it as 2026-01-31T23:59:59Z"});
  }
}

void check_id(const Table& table, const std::string& text) {
  if (table.id_kind != IdKind::number) return;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return;
  throw core::FailureError(
      {core::Reason::other, core::Remedy::operate,
       "ids of table " + qualified(table.schema, table.name) + " are numbers, and `" + text + "` is none",
       "give a number, or a time such as 2026-01-31T23:59:59Z"});
}

std::string moment_sql(std::int64_t microseconds) {
  return "(timestamptz 'epoch' + " + std::to_string(microseconds) + " * interval '1 microsecond')";
}

std::string microseconds_sql(const std::string& time) {
  return "(extract(epoch FROM " + time + ") * 1000000)::bigint";
}

}  // namespace outbox_relay::postgres
