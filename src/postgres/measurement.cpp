#include "postgres/measurement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "postgres/parking_statements.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {
namespace {

/// How many rows of any state one count may walk over: 0.3 to 0.8 µs each when they are cached.
constexpr std::int64_t walked_rows = 20'000;
/// By an index that holds no others.
constexpr std::int64_t counted_parked_rows = 100'000;

/// Ids of which some are looked at, for all of them.
struct Piece {
  std::int64_t above;
  std::int64_t looked_above;
  std::int64_t last;
};

/// Of each piece; 50 of them cover 50 million ids.
constexpr std::int64_t rows_of_piece = 300;

/// As doubles, because the distance between two ids may not fit into an id.
double distance(std::int64_t from, std::int64_t to) {
  return static_cast<double>(to) - static_cast<double>(from);
}

/// Pieces of these ids, each a fifth of what lies between its beginning and the last one, looked at from the
/// middle on; the highest are so small that all of them is seen. What is pending lies at the top; below it
/// may be anything: rows that are sent, behind one that is not.
std::vector<Piece> pieces_between(std::int64_t above, std::int64_t last) {
  std::vector<Piece> pieces;
  for (std::int64_t end = last; end > above;) {
    const auto size = std::max(static_cast<double>(rows_of_piece), distance(end, last) / 4);
    const auto begin = size < distance(above, end) ? end - static_cast<std::int64_t>(size) : above;
    const bool is_small = distance(begin, end) <= rows_of_piece;
    pieces.push_back({begin, is_small ? begin : std::midpoint(begin, end), end});
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
  const auto row =
      execute(transaction,
              "SELECT count(*) FILTER (WHERE NOT is_held), count(*) FILTER (WHERE is_held)"
              " FROM (SELECT " +
                  held_condition(table_) + " AS is_held FROM " + qualified(table_.schema, table_.name) +
                  " o WHERE " + reference(*table_.parked_at) + " IS NOT NULL LIMIT " +
                  std::to_string(counted_parked_rows) + ") walked")[0];
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
  sample.backlog_rows = row[0].as<double>();
  if (table_.created_at) sample.oldest_pending_timestamp_seconds = row[1].as<double>(0);
  if (table_.sequence) return add_beyond(transaction, watermark, row[2].as<std::int64_t>(watermark), sample);
  if (sample.is_estimate() && table_.completion != Completion::mark)
    sample.backlog_rows = std::max(sample.backlog_rows, live_rows);
}

void Measurement::add_beyond(pqxx::transaction_base& transaction, std::int64_t watermark,
                             std::int64_t last_counted, Sample& sample) const {
  auto reached = std::optional{last_counted};
  if (!sample.is_estimate()) reached = end_of_walk(transaction, watermark);
  if (!reached) return;
  const auto sequence = qualified(table_.sequence->schema, table_.sequence->name);
  const auto last = execute(transaction, "SELECT last_value FROM " + sequence)[0][0].as<std::int64_t>();
  const auto pieces = pieces_between(*reached, last);
  if (pieces.empty()) return;
  const auto found = execute(transaction, pieces_sql(),
                             {array_of(pieces, &Piece::looked_above), array_of(pieces, &Piece::last)});
  double oldest = std::numeric_limits<double>::infinity();
  for (std::size_t at = 0; at < pieces.size(); ++at) {
    const auto row = found[static_cast<int>(at)];
    const double share = distance(pieces[at].above, pieces[at].last) /
                         distance(pieces[at].looked_above, row[1].as<std::int64_t>());
    sample.backlog_rows += row[0].as<double>() * share;
    oldest = std::min(oldest, row[2].as<double>(oldest));
  }
  if (sample.oldest_pending_timestamp_seconds == 0 && std::isfinite(oldest))
    sample.oldest_pending_timestamp_seconds = oldest;
}

std::optional<std::int64_t> Measurement::end_of_walk(pqxx::transaction_base& transaction,
                                                     std::int64_t id) const {
  const auto order = id_order(table_);
  const auto end = execute(transaction,
                           "SELECT " + order + " FROM " + qualified(table_.schema, table_.name) +
                               " o WHERE " + order + " > $1::bigint ORDER BY " + order + " OFFSET " +
                               std::to_string(walked_rows - 1) + " LIMIT 1",
                           {std::to_string(id)});
  if (end.empty()) return std::nullopt;
  return end[0][0].as<std::int64_t>();
}

bool Measurement::is_small(pqxx::connection& connection) const {
  pqxx::read_transaction transaction{connection};
  set_limits(transaction, statement_timeout_);
  return !end_of_walk(transaction, std::numeric_limits<std::int64_t>::min());
}

std::string Measurement::created() const {
  return table_.created_at ? reference(*table_.created_at) : "NULL::timestamptz";
}

/// How many are pending in each piece as far as was walked, how far that is, and since when.
std::string Measurement::pieces_sql() const {
  const auto id = id_order(table_);
  const auto rows = std::to_string(rows_of_piece);
  return "SELECT count(*) FILTER (WHERE pending), CASE WHEN count(*) < " + rows +
         " THEN last ELSE max(id) END, extract(epoch FROM min(created) FILTER (WHERE pending))"
         " FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY piece(above, last, number)"
         " LEFT JOIN LATERAL (SELECT " +
         id + "::bigint AS id, " + created() + " AS created, " + pending_condition(table_) +
         " AS pending FROM " + qualified(table_.schema, table_.name) + " o WHERE " + id + " > above AND " +
         id + " <= last ORDER BY " + id + " LIMIT " + rows +
         ") walked ON true GROUP BY number, last ORDER BY number";
}

/// How many are pending, since when, and how far the count came.
std::string Measurement::backlog_sql() const {
  const auto id = id_order(table_);
  const auto table = qualified(table_.schema, table_.name);
  const std::string pending = pending_condition(table_);
  const std::string limit = " LIMIT " + std::to_string(Sample::exact_rows + 1);
  if (!table_.sequence) {
    return "SELECT count(*), extract(epoch FROM min(created)) FROM (SELECT " + created() +
           " AS created FROM " + table + " o WHERE " + pending + " ORDER BY " + id + limit + ") found";
  }
  return "SELECT count(*), extract(epoch FROM min(created)), max(id) FROM (SELECT id, created FROM (SELECT " +
         id + " AS id, " + created() + " AS created, " + pending + " AS pending FROM " + table + " o WHERE " +
         id + " > $1::bigint ORDER BY " + id + " LIMIT " + std::to_string(walked_rows) +
         ") walked WHERE pending" + limit + ") found";
}

}  // namespace outbox_relay::postgres
