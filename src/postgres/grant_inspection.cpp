#include <algorithm>
#include <set>

#include "postgres/inspections.h"
#include "postgres/pqxx_adapter.h"

namespace outbox_relay::postgres {
namespace {

using core::Aspect;
using core::Severity;

const char* const role_sql = R"(
SELECT r.rolsuper, pg_catalog.pg_has_role(r.oid, c.relowner, 'USAGE')
  FROM pg_catalog.pg_roles r, pg_catalog.pg_class c WHERE r.rolname = current_user AND c.oid = $1::oid)";

// What was granted to the role, to one that it belongs to, or to everybody.
const char* const grants_sql = R"(
SELECT held.privilege, held.attribute, coalesce(quote_ident(r.rolname), 'PUBLIC')
  FROM (SELECT x.privilege_type AS privilege, '' AS attribute, x.grantee
          FROM pg_catalog.pg_class c, pg_catalog.aclexplode(c.relacl) x WHERE c.oid = $1::oid
         UNION
        SELECT x.privilege_type, a.attname, x.grantee
          FROM pg_catalog.pg_attribute a, pg_catalog.aclexplode(a.attacl) x
         WHERE a.attrelid = $1::oid AND NOT a.attisdropped) held
  LEFT JOIN pg_catalog.pg_roles r ON r.oid = held.grantee
 WHERE held.grantee = 0 OR pg_catalog.pg_has_role(current_user, held.grantee, 'USAGE')
 ORDER BY 3, 1, 2)";

/// The columns that the relay, or `outbox-relay parked`, writes.
std::set<std::string> written_columns(const Table& table) {
  std::set<std::string> columns;
  if (table.sent) columns.insert(table.sent->name);
  for (const auto* column : {&table.parked_at, &table.attempts, &table.last_error}) {
    if (*column) columns.insert((*column)->name);
  }
  return columns;
}

bool is_needed(const Subject& subject, const std::string& privilege, const std::string& column) {
  if (privilege == "SELECT") return true;
  if (privilege == "UPDATE") return written_columns(subject.table).contains(column);
  if (privilege != "DELETE") return false;
  return subject.table.completion == Completion::remove || subject.wanted.deletes_sent_rows;
}

void add_excess(const std::string& what, const std::string& fix, core::Findings& findings) {
  findings.push_back({Severity::warning, Aspect::postgres_grants, what,
                      "who gets hold of the relay's password can do more than the relay does", fix});
}

/// A role that owns everything, or passes over grants, has no use for a list of them.
bool inspect_role(pqxx::transaction_base& transaction, const Subject& subject, core::Findings& findings) {
  const auto role = execute(transaction, role_sql, {std::to_string(subject.table.oid)})[0];
  const std::string& own_role = subject.wanted.make_role;
  if (role[0].as<bool>()) {
    add_excess("role " + subject.role + " is a superuser", own_role, findings);
    return false;
  }
  if (role[1].as<bool>()) {
    add_excess("role " + subject.role + " owns table " + subject.relation(), own_role, findings);
    return false;
  }
  return true;
}

/// The right to update all columns becomes the right to update those that are written.
std::string narrowed_update(const Subject& subject, const std::string& grantee) {
  std::string columns;
  for (const std::string& column : written_columns(subject.table))
    columns += (columns.empty() ? "" : ", ") + quoted_name(column);
  const bool writes = !columns.empty() && subject.table.completion == Completion::mark;
  return writes ? "; GRANT UPDATE (" + columns + ") ON " + subject.relation() + " TO " + grantee : "";
}

}  // namespace

void inspect_excess_grants(pqxx::transaction_base& transaction, const Subject& subject,
                           core::Findings& findings) {
  if (!inspect_role(transaction, subject, findings)) return;
  for (const auto& row : execute(transaction, grants_sql, {std::to_string(subject.table.oid)})) {
    const auto privilege = row[0].as<std::string>();
    const auto column = row[1].as<std::string>();
    const auto grantee = row[2].as<std::string>();
    if (is_needed(subject, privilege, column)) continue;
    const std::string granted = privilege + (column.empty() ? "" : " (" + quoted_name(column) + ')');
    std::string fix = "REVOKE " + granted + " ON " + subject.relation() + " FROM " + grantee;
    if (privilege == "UPDATE" && column.empty()) fix += narrowed_update(subject, grantee);
    add_excess(granted + " on table " + subject.relation() + " is granted to " + grantee + " and not needed",
               fix, findings);
  }
}

}  // namespace outbox_relay::postgres
