#include "postgres/watermark_store.h"

namespace outbox_relay::postgres {
namespace {

const char* const access_sql = R"(
SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
       AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE'),
       EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'requeued_from')
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relname = 'watermark')";

}  // namespace

WatermarkStore::WatermarkStore(std::string schema, const Table& table, const ServerIdentity& server)
    : schema_(std::move(schema)),
      relation_(qualified(schema_, "watermark")),
      table_(table),
      server_(server) {}

awaitable<std::optional<std::string>> WatermarkStore::find_trouble(Session& session) const {
  Query query{access_sql};
  query.text(schema_);
  const Result result = co_await session.run(std::move(query));
  const std::string consequence = ": no watermark is saved, each start looks through the whole outbox";
  if (result.rows() == 0) co_return "table " + relation_ + " does not exist" + consequence;
  if (!result.boolean(0, 0)) co_return "table " + relation_ + " may not be read and written" + consequence;
  if (!result.boolean(0, 1)) {
    co_return "table " + relation_ + " has no column requeued_from, run deploy/sql/control.sql again" +
        consequence;
  }
  co_return std::nullopt;
}

awaitable<std::optional<std::int64_t>> WatermarkStore::load(Session& session, std::int64_t last_drawn) const {
  const std::string this_table = " WHERE table_schema = $1 AND table_name = $2 AND watermark IS NOT NULL";
  Query erase{"UPDATE " + relation_ + " SET watermark = NULL, saved_at = now()" + this_table +
              " AND NOT (table_oid = $3 AND system_identifier = $4 AND timeline = $5 AND watermark <= $6)"};
  erase.text(table_.schema).text(table_.name).oid(table_.oid).bigint(server_.system_identifier);
  erase.integer(server_.timeline).bigint(last_drawn);
  Query read{"SELECT least(watermark, requeued_from - 1) FROM " + relation_ + this_table};
  read.text(table_.schema).text(table_.name);
  std::vector<Query> batch{std::move(erase), std::move(read)};
  const auto results = co_await session.run(std::move(batch));
  if (results[1].rows() == 0) co_return std::nullopt;
  co_return results[1].bigint(0, 0);
}

// What was put back above the new watermark will be found by a start from there.
//
// Without waiting for the disk: a watermark that a crash takes back costs a look at a few more rows.
awaitable<void> WatermarkStore::save(Session& session, std::int64_t watermark) const {
  Query query{"INSERT INTO " + relation_ +
              " AS w (table_schema, table_name, table_oid, system_identifier, timeline, watermark)"
              " SELECT $1, $2, $3, $4, $5, $6 WHERE set_config('synchronous_commit', 'off', true) = 'off'"
              " ON CONFLICT (table_schema, table_name) DO UPDATE SET table_oid = excluded.table_oid,"
              " system_identifier = excluded.system_identifier, timeline = excluded.timeline,"
              " watermark = excluded.watermark, saved_at = now(), requeued_from ="
              " CASE WHEN w.requeued_from > excluded.watermark THEN NULL ELSE w.requeued_from END"};
  query.text(table_.schema).text(table_.name).oid(table_.oid).bigint(server_.system_identifier);
  query.integer(server_.timeline).bigint(watermark);
  co_await session.run(std::move(query));
}

}  // namespace outbox_relay::postgres
