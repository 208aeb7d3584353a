#include "postgres/catalog.h"

namespace outbox_relay::postgres {

std::string partition_tree(const std::string& root) {
  return "WITH RECURSIVE tree AS (SELECT " + root +
         "::oid AS oid UNION SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = "
         "tree.oid)";
}

// TRUNCATE and the like give one of them a file with a higher number.
std::string files_of_tree(const std::string& root) {
  return "(" + partition_tree(root) +
         " SELECT (coalesce(sum(pg_catalog.pg_relation_filenode(tree.oid)::bigint), 0) % "
         "4294967296)::bigint::oid FROM tree)";
}

const std::string catalog_table_sql = R"(
SELECT c.oid::text,
       c.relkind::text,
       (c.relkind = 'p' OR c.relhassubclass)::text,
       has_schema_privilege(n.oid, 'USAGE')::text,
       has_table_privilege(c.oid, 'SELECT')::text,
       has_table_privilege(c.oid, 'DELETE')::text,
       row_security_active(c.oid)::text,
       current_user::text,
)" + files_of_tree("c.oid") + R"(::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1::text AND c.relname = $2::text)";

std::string has_index_of_values(const std::string& relation, const std::string& column) {
  return "EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = " + relation +
         " AND i.indisvalid AND pg_get_expr(i.indpred, i.indrelid) = '(' || quote_ident(" + column +
         ") || ' IS NOT NULL)')";
}

const std::string catalog_columns_sql = R"(
SELECT a.attname::text,
       format_type(base.oid, NULL),
       (base.typlen > 0)::text,
       a.attnotnull::text,
       has_column_privilege(c.oid, a.attnum, 'UPDATE')::text,
       (a.atttypmod >= 0 OR t.typtypmod >= 0)::text,
       ()" + has_index_of_values("c.oid", "a.attname") +
                                        R"()::text,
       EXISTS (SELECT FROM pg_catalog.pg_index i
                WHERE i.indrelid = c.oid AND i.indisvalid AND i.indkey[0] = a.attnum
                  AND i.indcollation[0] = 'pg_catalog."C"'::regcollation)::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN pg_catalog.pg_type base ON base.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
 WHERE n.nspname = $1::text AND c.relname = $2::text)";

// The sequence of an identity column depends on the column; for a serial one, or any DEFAULT nextval(…), the
// default depends on the sequence.
const char* const catalog_sequence_sql = R"(
SELECT ns.nspname::text,
       s.relname::text,
       (q.seqincrement > 0)::text,
       has_sequence_privilege(s.oid, 'SELECT')::text,
       has_schema_privilege(ns.oid, 'USAGE')::text,
       pg_relation_filenode(s.oid)::text,
       q.seqcache::text,
       q.seqcycle::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = $3::text AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  JOIN pg_catalog.pg_depend p
    ON (a.attidentity <> '' AND p.classid = 'pg_catalog.pg_class'::regclass AND p.deptype = 'i'
        AND p.refclassid = 'pg_catalog.pg_class'::regclass AND p.refobjid = c.oid AND p.refobjsubid = a.attnum)
    OR (a.attidentity = '' AND p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
        AND p.refclassid = 'pg_catalog.pg_class'::regclass)
  JOIN pg_catalog.pg_class s
    ON s.relkind = 'S' AND s.oid = CASE WHEN a.attidentity <> '' THEN p.objid ELSE p.refobjid END
  JOIN pg_catalog.pg_namespace ns ON ns.oid = s.relnamespace
  JOIN pg_catalog.pg_sequence q ON q.seqrelid = s.oid
 WHERE n.nspname = $1::text AND c.relname = $2::text)";

}  // namespace outbox_relay::postgres
