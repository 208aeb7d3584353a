#include "postgres/table_identity.h"

#include "core/failure.h"
#include "postgres/binary.h"

namespace outbox_relay::postgres {

Query table_identity_query(const Table& table) {
  const std::string oid = "pg_catalog.to_regclass($1)";
  Query query{"SELECT coalesce(" + oid + "::oid, 0), " + filenode_of(table, oid)};
  query.text(qualified(table.schema, table.name));
  return query;
}

void check_table_identity(const Result& result, const Table& table) {
  const auto oid = read_number<std::uint32_t>(result.bytes(0, 0));
  const auto filenode = read_number<std::uint32_t>(result.bytes(0, 1));
  if (oid == table.oid && filenode == table.filenode) return;
  throw core::FailureError({core::Reason::other, core::Remedy::rebuild,
                            "table " + qualified(table.schema, table.name) +
                                " was replaced or rewritten (RENAME, TRUNCATE, VACUUM FULL, ALTER TABLE)" +
                                (table.has_partitions ? ", or a partition came or went" : ""),
                            ""});
}

}  // namespace outbox_relay::postgres
