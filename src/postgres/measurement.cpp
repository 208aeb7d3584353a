#include "postgres/measurement.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "postgres/parking_statements.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {
namespace {

/// How many rows of any state one count may walk over: 20 to 50 ms when they are cached.
constexpr std::int64_t walked_rows = 100'000;

/// Ids of which a few are looked at, from the middle on, for all of them.
struct Piece {
  std::int64_t above;
  std::int64_t middle;
  std::int64_t last;
};

/// Of each piece; 36 of them cover 50 million ids.
constexpr std::int64_t rows_of_piece = 2000;

/// As doubles, because the distance between two ids may not fit into an id.
double distance(std::int64_t from, std::int64_t to) {
  return static_cast<double>(to) - static_cast<double>(from);
}

/// Pieces of these ids, each a fifth of what lies between its beginning and the last one. What is pending
/// lies at the top; below it may be anything: rows that are sent, behind one that is not.
std::vector<Piece> pieces_between(std::int64_t above, std::int64_t last) {
  std::vector<Piece> pieces;
  for (std::int64_t end = last; end > above;) {
    const auto size = std::max(2.0 * rows_of_piece, distance(end, last) / 4);
    const auto begin = size < distance(above, end) ? end - static_cast<std::int64_t>(size) : above;
    pieces.push_back({begin, std::midpoint(begin, end), end});
    end = begin;
  }
  return pieces;
}

std::string array_of(const std::vector<Piece>& pieces, std::int64_t Piece::* id) {
  std::string text = "{";
  for (const Piece& piece : pieces) {
    if (text.size() > 1) text += ',';
    text += std::to_string(piece.*id);
  }
  return text + "}";
}

// Tables are named in each statement, never remembered by oid: after a swap by RENAME the name means another
// one.

const std::string table_sql = partition_tree("$1::regclass") + R"(
SELECT coalesce(sum(s.n_dead_tup), 0), coalesce(sum(s.n_live_tup), 0)
  FROM tree JOIN pg_catalog.pg_stat_all_tables s ON s.relid = tree.oid)";

// Without pg_read_all_stats a role sees its own transactions only, which says nothing.
const char* const snapshots_sql = R"(
SELECT extract(epoch FROM greatest(
         (SELECT max(clock_timestamp() - a.xact_start) FROM pg_catalog.pg_stat_activity a
           WHERE a.backend_xmin IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid()
             AND (a.datname IS NULL OR a.datname = current_database())),
         (SELECT max(clock_timestamp() - p.prepared) FROM pg_catalog.pg_prepared_xacts p
           WHERE p.database = current_database()),
         interval '0'))
 WHERE pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'))";

}  // namespace

Measurement::Measurement(Table table, std::chrono::milliseconds statement_timeout)
    : table_(std::move(table)), statement_timeout_(statement_timeout) {}

void Measurement::measure(pqxx::connection& connection, std::optional<std::int64_t> watermark,
                          Sample& sample) const {
  double live_rows = 0;
  measure_table(connection, sample, live_rows);
  measure_snapshots(connection, sample);
  measure_parked(connection, sample);
  // Last, because it is the one that may meet its time limit.
  if (watermark) measure_backlog(connection, *watermark, live_rows, sample);
}

void Measurement::measure_table(pqxx::connection& connection, Sample& sample, double& live_rows) const {
  pqxx::read_transaction transaction{connection};
  set_limits(transaction, statement_timeout_);
  const auto result = execute(transaction, table_sql, {qualified(table_.schema, table_.name)});
  sample.table_dead_rows = result[0][0].as<double>();
  live_rows = result[0][1].as<double>();
}

void Measurement::measure_snapshots(pqxx::connection& connection, Sample& sample) const {
  pqxx::read_transaction transaction{connection};
  set_limits(transaction, statement_timeout_);
  const auto result = execute(transaction, snapshots_sql);
  if (!result.empty()) sample.oldest_snapshot_age_seconds = result[0][0].as<double>();
}

void Measurement::measure_parked(pqxx::connection& connection, Sample& sample) const {
  if (!table_.last_error) return;
  pqxx::read_transaction transaction{connection};
  set_limits(transaction, statement_timeout_);
  // Somebody may have dropped it meanwhile; without it they could be anywhere in the table.
  const auto index = execute(transaction, "SELECT " + has_index_of_values("$1::regclass", "$2"),
                             {qualified(table_.schema, table_.name), table_.parked_at->name});
  if (!index[0][0].as<bool>()) return;
  const auto row = execute(
      transaction,
      "SELECT count(*) FILTER (WHERE NOT is_held), count(*) FILTER (WHERE is_held)"
      " FROM (SELECT " +
          held_condition(table_) + " AS is_held FROM " + qualified(table_.schema, table_.name) + " o WHERE " +
          reference(*table_.parked_at) + " IS NOT NULL LIMIT " + std::to_string(walked_rows) + ") walked")[0];
  sample.parked_rows = row[0].as<double>();
  sample.held_rows = row[1].as<double>();
}

void Measurement::measure_backlog(pqxx::connection& connection, std::int64_t watermark, double live_rows,
                                  Sample& sample) const {
  pqxx::read_transaction transaction{connection};
  set_limits(transaction, statement_timeout_);
  Texts parameters;
  if (table_.sequence) parameters.push_back(std::to_string(watermark));
  const auto row = execute(transaction, backlog_sql(), parameters)[0];
  const auto counted = row[0].as<double>();
  if (table_.created_at) sample.oldest_pending_timestamp_seconds = row[1].as<double>(0);
  if (table_.sequence) {
    sample.backlog_rows = estimate(transaction, watermark, counted, row[2].as<std::int64_t>(watermark));
  } else {
    const bool is_exact =
        counted <= static_cast<double>(Sample::exact_rows) || table_.completion == Completion::mark;
    sample.backlog_rows = is_exact ? counted : std::max(counted, live_rows);
  }
}

double Measurement::estimate(pqxx::transaction_base& transaction, std::int64_t watermark, double counted,
                             std::int64_t reached) const {
  if (counted <= static_cast<double>(Sample::exact_rows)) {
    const auto end = end_of_walk(transaction, watermark);
    if (!end) return counted;
    reached = *end;
  }
  const auto sequence = qualified(table_.sequence->schema, table_.sequence->name);
  const auto last = execute(transaction, "SELECT last_value FROM " + sequence)[0][0].as<std::int64_t>();
  const auto pieces = pieces_between(reached, last);
  if (pieces.empty()) return counted;
  const auto found =
      execute(transaction, pieces_sql(), {array_of(pieces, &Piece::middle), array_of(pieces, &Piece::last)});
  double pending = counted;
  for (std::size_t at = 0; at < pieces.size(); ++at) {
    const Piece& piece = pieces[at];
    const auto walked_to = found[static_cast<int>(at)][1].as<std::int64_t>();
    pending += found[static_cast<int>(at)][0].as<double>() / distance(piece.middle, walked_to) *
               distance(piece.above, piece.last);
  }
  return pending;
}

std::optional<std::int64_t> Measurement::end_of_walk(pqxx::transaction_base& transaction,
                                                     std::int64_t id) const {
  const auto order = id_order(table_);
  const auto end =
      execute(transaction,
              "SELECT " + order + " FROM " + qualified(table_.schema, table_.name) + " o WHERE " + order +
                  " > $1::bigint ORDER BY " + order + " OFFSET " + std::to_string(walked_rows) + " LIMIT 1",
              {std::to_string(id)});
  if (end.empty()) return std::nullopt;
  return end[0][0].as<std::int64_t>();
}

bool Measurement::is_small(pqxx::connection& connection) const {
  pqxx::read_transaction transaction{connection};
  set_limits(transaction, statement_timeout_);
  return !end_of_walk(transaction, std::numeric_limits<std::int64_t>::min());
}

/// How many are pending in each piece as far as was walked, and how far that is.
std::string Measurement::pieces_sql() const {
  const auto id = id_order(table_);
  return "SELECT count(*) FILTER (WHERE pending), CASE WHEN count(*) < " + std::to_string(rows_of_piece) +
         " THEN last ELSE max(id) END FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY piece(above, "
         "last, number)"
         " LEFT JOIN LATERAL (SELECT " +
         id + "::bigint AS id, " + pending_condition(table_) + " AS pending FROM " +
         qualified(table_.schema, table_.name) + " o WHERE " + id + " > above AND " + id +
         " <= last ORDER BY " + id + " LIMIT " + std::to_string(rows_of_piece) +
         ") walked ON true GROUP BY number, last ORDER BY number";
}

/// How many are pending, since when, and how far the count came.
std::string Measurement::backlog_sql() const {
  const auto id = id_order(table_);
  const auto table = qualified(table_.schema, table_.name);
  const std::string created = table_.created_at ? reference(*table_.created_at) : "NULL::timestamptz";
  const std::string pending = pending_condition(table_);
  const std::string limit = " LIMIT " + std::to_string(Sample::exact_rows + 1);
  if (!table_.sequence) {
    return "SELECT count(*), extract(epoch FROM min(created)) FROM (SELECT " + created + " AS created FROM " +
           table + " o WHERE " + pending + " ORDER BY " + id + limit + ") found";
  }
  return "SELECT count(*), extract(epoch FROM min(created)), max(id) FROM (SELECT id, created FROM (SELECT " +
         id + " AS id, " + created + " AS created, " + pending + " AS pending FROM " + table + " o WHERE " +
         id + " > $1::bigint ORDER BY " + id + " LIMIT " + std::to_string(walked_rows) +
         ") walked WHERE pending" + limit + ") found";
}

}  // namespace outbox_relay::postgres
