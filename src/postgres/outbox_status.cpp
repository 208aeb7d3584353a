#include "postgres/outbox_status.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "postgres/control_session.h"
#include "postgres/measurement.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/server_identity.h"
#include "postgres/statements.h"
#include "postgres/table.h"
#include "postgres/watermark_store.h"

namespace outbox_relay::postgres {
namespace {

using namespace std::chrono_literals;

std::optional<std::int64_t> find_watermark(pqxx::transaction_base& transaction, const Settings& settings,
                                           const Table& table) {
  if (!settings.control_schema || !table.sequence) return std::nullopt;
  const auto watermarks = read_control_table(transaction, *settings.control_schema, "watermark");
  if (!watermarks || !watermarks->is_readable) return std::nullopt;
  if (!watermarks->has_requeued_from || !watermarks->has_sequence_file) return std::nullopt;
  const auto facts = execute(transaction, std::string{"SELECT "} + system_identifier_sql + ", " +
                                              timeline_sql + ", (" + last_drawn_sql(table) + ")")[0];
  const auto found = execute(
      transaction,
      std::string{"SELECT "} + good_watermark_sql + " FROM " +
          qualified(*settings.control_schema, "watermark") +
          " w WHERE w.table_schema = $1 AND w.table_name = $2",
      {table.schema, table.name, std::to_string(table.oid), facts[0].as<std::string>(),
       facts[1].as<std::string>(), facts[2].as<std::string>(), std::to_string(table.sequence->filenode)});
  if (found.empty() || found[0][0].is_null()) return std::nullopt;
  return found[0][0].as<std::int64_t>();
}

/// Where the count of the backlog may begin. Without a watermark it takes a table so small that the count
/// comes to its end: it would find the sent rows at the bottom of a large one, and none of the others.
std::optional<std::int64_t> begin_of_count(pqxx::connection& connection, const Measurement& measurement,
                                           const Table& table, std::optional<std::int64_t> watermark) {
  if (watermark) return watermark;
  if (table.sequence && !measurement.is_small(connection)) return std::nullopt;
  return std::numeric_limits<std::int64_t>::min();
}

core::Failure uncounted(const Table& table) {
  return {core::Reason::missing, core::Remedy::operate,
          "no watermark of table " + qualified(table.schema, table.name) +
              " is saved, and without one its backlog cannot be counted cheaply",
          "run deploy/sql/control.sql and let a relay lead once, or look at its metric backlog_rows"};
}

double age_of_oldest(pqxx::connection& connection, const Sample& sample) {
  if (!(sample.oldest_pending_timestamp_seconds > 0)) return sample.oldest_pending_timestamp_seconds;
  pqxx::read_transaction transaction{connection};
  const auto now = execute(transaction, "SELECT extract(epoch FROM clock_timestamp())")[0][0].as<double>();
  return std::max(now - sample.oldest_pending_timestamp_seconds, 0.0);
}

void measure(ControlSession& session, const Settings& settings, const Table& table, OutboxStatus& status) {
  constexpr auto longest_statement = 2000ms;
  constexpr auto longest_measurement = 20s;
  const Measurement measurement{
      table, std::min(settings.server.statement_timeout, std::chrono::milliseconds{longest_statement})};
  session.run(longest_measurement, [&](pqxx::connection& connection) {
    const auto begin = begin_of_count(connection, measurement, table, status.watermark);
    measurement.measure(connection, begin, status.sample);
    status.oldest_pending_age_seconds = age_of_oldest(connection, status.sample);
    if (!begin) status.problem = uncounted(table);
  });
}

}  // namespace

OutboxStatus read_status(const Settings& settings) {
  ControlSession session{settings.server};
  OutboxStatus status;
  try {
    session.transact(ControlSession::Kind::read,
                     [&](pqxx::work& transaction) { status.leader = find_leader(transaction, settings); });
    const Table table = session.describe(settings.table);
    session.transact(ControlSession::Kind::read, [&](pqxx::work& transaction) {
      status.watermark = find_watermark(transaction, settings, table);
    });
    measure(session, settings, table, status);
  } catch (const core::FailureError& error) {
    status.problem = error.failure();
  }
  return status;
}

}  // namespace outbox_relay::postgres
