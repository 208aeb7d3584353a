#include "postgres/control_table.h"

namespace outbox_relay::postgres {

// One call for each privilege: a list of them asks whether any is held.
const char* const control_table_sql = R"(
SELECT may.use AND may.read AS is_readable,
       may.use AND may.read AND may.add AND may.change AS is_writable,
       EXISTS (SELECT FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = 'requeued_from' AND NOT a.attisdropped)
       AS has_requeued_from,
       EXISTS (SELECT FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = 'sequence_file' AND NOT a.attisdropped)
       AS has_sequence_file
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT has_schema_privilege(n.oid, 'USAGE') AS use, has_table_privilege(c.oid, 'SELECT') AS read,
              has_table_privilege(c.oid, 'INSERT') AS add, has_table_privilege(c.oid, 'UPDATE') AS change) may
 WHERE n.nspname = $1::text AND c.relname = $2::text)";

awaitable<std::optional<ControlTable>> read_control_table(Session& session, std::string schema,
                                                          std::string table) {
  Query query{control_table_sql};
  query.text(schema).text(table);
  const Result found = co_await session.run(std::move(query));
  if (found.rows() == 0) co_return std::nullopt;
  co_return ControlTable{found.boolean(0, 0), found.boolean(0, 1), found.boolean(0, 2), found.boolean(0, 3)};
}

}  // namespace outbox_relay::postgres
