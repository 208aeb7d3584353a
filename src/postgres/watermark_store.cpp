#include "postgres/watermark_store.h"

#include "postgres/control_table.h"

namespace outbox_relay::postgres {

// Not known stays not known, because least() would take the other one instead.
const char* const good_watermark_sql =
    "CASE WHEN w.table_oid = $3 AND w.system_identifier = $4 AND w.timeline = $5"
    " AND w.sequence_file = $7 AND w.watermark <= $6 THEN least(w.watermark, w.requeued_from - 1) END";

WatermarkStore::WatermarkStore(std::string schema, const Table& table, const ServerIdentity& server)
    : schema_(std::move(schema)),
      relation_(qualified(schema_, "watermark")),
      table_(table),
      sequence_file_(table.sequence ? table.sequence->filenode : 0),
      server_(server) {}

awaitable<std::optional<std::string>> WatermarkStore::find_trouble(Session& session) const {
  const auto access = co_await read_control_table(session, schema_, "watermark");
  const std::string consequence = ": no watermark is saved, each start looks through the whole outbox";
  if (!access) co_return "table " + relation_ + " does not exist" + consequence;
  if (!access->is_writable) co_return "table " + relation_ + " may not be read and written" + consequence;
  if (!access->has_requeued_from || !access->has_sequence_file) {
    const std::string missing = access->has_requeued_from ? "sequence_file" : "requeued_from";
    co_return "table " + relation_ + " has no column " + missing + ", run deploy/sql/control.sql again" +
        consequence;
  }
  co_return std::nullopt;
}

// In one statement, so that a row put back meanwhile is in the watermark or still beside it.
//
// There is a row from now on: `flush_log` needs one.
awaitable<std::optional<std::int64_t>> WatermarkStore::load(Session& session, std::int64_t last_drawn) const {
  Query query{"INSERT INTO " + relation_ +
              " AS w (table_schema, table_name, table_oid, system_identifier, timeline, sequence_file)"
              " VALUES ($1, $2, $3, $4, $5, $7) ON CONFLICT (table_schema, table_name) DO UPDATE"
              " SET watermark = " +
              good_watermark_sql + ", requeued_from = NULL, saved_at = now() RETURNING watermark"};
  query.text(table_.schema).text(table_.name).oid(table_.oid).bigint(server_.system_identifier);
  query.integer(server_.timeline).bigint(last_drawn).oid(sequence_file_);
  const Result loaded = co_await session.run(std::move(query));
  if (loaded.is_null(0, 0)) co_return std::nullopt;
  co_return loaded.bigint(0, 0);
}

// It says nothing about the rows that were put back: a relay that runs goes on from where it is, and may not
// have noticed them yet. Only a start begins below them for certain.
//
// Without waiting for the disk: a watermark that a crash takes back costs a look at a few more rows.
awaitable<void> WatermarkStore::save(Session& session, std::int64_t watermark) const {
  Query query{"INSERT INTO " + relation_ +
              " AS w (table_schema, table_name, table_oid, system_identifier, timeline, watermark,"
              " sequence_file) SELECT $1, $2, $3, $4, $5, $6, $7 WHERE set_config('synchronous_commit', "
              "'off', true) = 'off'"
              " ON CONFLICT (table_schema, table_name) DO UPDATE SET table_oid = excluded.table_oid,"
              " system_identifier = excluded.system_identifier, timeline = excluded.timeline,"
              " watermark = excluded.watermark, sequence_file = excluded.sequence_file, saved_at = now()"};
  query.text(table_.schema).text(table_.name).oid(table_.oid).bigint(server_.system_identifier);
  query.integer(server_.timeline).bigint(watermark).oid(sequence_file_);
  co_await session.run(std::move(query));
}

// Locking a row is written to the log, so the transaction's end flushes it: a lock that no UPDATE of ours, or
// an operator's, waits for.
awaitable<void> WatermarkStore::flush_log(Session& session) const {
  Query query{"SELECT FROM " + relation_ +
              " WHERE set_config('synchronous_commit', 'local', true) = 'local'"
              " AND table_schema = $1 AND table_name = $2 FOR KEY SHARE"};
  query.text(table_.schema).text(table_.name);
  co_await session.run(std::move(query));
}

}  // namespace outbox_relay::postgres
