#include <algorithm>

#include "postgres/inspections.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {
namespace {

using core::Aspect;
using core::Severity;

/// As in deploy/sql/outbox.sql, and what is near enough.
constexpr int wanted_fillfactor = 45;
constexpr int largest_fillfactor = 50;
/// A table may have any number of partitions.
constexpr std::size_t most_statements = 20;

// By dependencies, which know of predicates, expressions and included columns as well.
const char* const indexes_sql = R"(
SELECT quote_ident(n.nspname) || '.' || quote_ident(ic.relname) AS name,
       i.indisvalid AND am.amname = 'btree' AND i.indkey[0] = id.attnum AS leads_with_id,
       i.indpred IS NOT NULL AS is_partial,
       i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = id.attnum AND i.indpred IS NULL AS is_unique_id,
       am.amname AS method,
       EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid
                  AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = i.indrelid
                  AND d.refobjsubid = sent.attnum) AS mentions_sent
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = ic.relnamespace
  JOIN pg_catalog.pg_am am ON am.oid = ic.relam
  LEFT JOIN pg_catalog.pg_attribute id ON id.attrelid = i.indrelid AND id.attname = $2::text
  LEFT JOIN pg_catalog.pg_attribute sent ON sent.attrelid = i.indrelid AND sent.attname = $3::text
 WHERE i.indrelid = $1::oid)";

const std::string fillfactors_sql = partition_tree("$1::oid") + R"(
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname),
       coalesce((SELECT o.option_value::integer FROM pg_catalog.pg_options_to_table(c.reloptions) o
                  WHERE o.option_name = 'fillfactor'), 100)
  FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' ORDER BY 1)";

/// The condition as an index has it, without the statements' alias of the table.
std::string predicate_of_pending(const Table& table) {
  const std::string alias = "o.\"";
  std::string text = pending_condition(table);
  for (auto at = text.find(alias); at != std::string::npos; at = text.find(alias, at)) text.erase(at, 2);
  return text;
}

struct Index {
  std::string name;
  bool leads_with_id = false;
  bool is_partial = false;
  bool is_unique_id = false;
  bool mentions_sent = false;  ///< and so has to be written when a row is marked
};

std::vector<Index> read_indexes(pqxx::transaction_base& transaction, const Subject& subject) {
  constexpr int brin_stays_hot = 160000;
  std::vector<Index> indexes;
  for (const auto& row : execute(transaction, indexes_sql,
                                 {std::to_string(subject.table.oid), subject.table.id.name,
                                  subject.marks() ? subject.table.sent->name : ""})) {
    const bool is_harmless =
        subject.server_version >= brin_stays_hot && row["method"].as<std::string>() == "brin";
    indexes.push_back({row["name"].as<std::string>(), row["leads_with_id"].as<bool>(false),
                       row["is_partial"].as<bool>(), row["is_unique_id"].as<bool>(false),
                       row["mentions_sent"].as<bool>() && !is_harmless});
  }
  return indexes;
}

void inspect_fetch_index(const Subject& subject, const std::vector<Index>& indexes,
                         core::Findings& findings) {
  const std::string concurrently = subject.table.has_partitions ? "" : "CONCURRENTLY ";
  const std::string id = quoted_name(subject.table.id.name);
  const bool is_usable = std::ranges::any_of(
      indexes, [](const Index& index) { return index.leads_with_id && !index.is_partial; });
  if (!is_usable) {
    const std::string unique = subject.table.has_partitions ? "" : "UNIQUE ";
    findings.push_back(
        {Severity::error, Aspect::postgres_index,
         "table " + subject.relation() + " has no index that begins with " + id,
         "each fetch reads the whole table",
         "CREATE " + unique + "INDEX " + concurrently + "ON " + subject.relation() + " (" + id + ')'});
  } else if (!subject.table.has_partitions && std::ranges::none_of(indexes, &Index::is_unique_id)) {
    findings.push_back(
        {Severity::warning, Aspect::postgres_index,
         "nothing keeps two rows of table " + subject.relation() + " from having the same " + id,
         "the relay takes them for one row",
         "CREATE UNIQUE INDEX " + concurrently + "ON " + subject.relation() + " (" + id + ')'});
  }
}

/// Marking rewrites such an index, and all others with it.
void inspect_sent_index(const Subject& subject, const std::vector<Index>& indexes, core::Findings& findings) {
  for (const Index& index : indexes) {
    if (!index.mentions_sent) continue;
    findings.push_back(
        {Severity::warning, Aspect::postgres_index,
         "index " + index.name + " mentions " + quoted_name(subject.table.sent->name),
         "no mark is a HOT update then: each writes to all indexes of the table, about twice as "
         "slow and eight times as much WAL; the relay needs no such index",
         "DROP INDEX " + index.name});
  }
}

/// Ids that come in any order are fetched from the bottom, each time.
void inspect_pending_index(const Subject& subject, const std::vector<Index>& indexes,
                           core::Findings& findings) {
  const bool has_one = std::ranges::any_of(indexes, [](const Index& index) {
    return index.leads_with_id && index.is_partial && index.mentions_sent;
  });
  if (has_one) return;
  findings.push_back(
      {Severity::warning, Aspect::postgres_index,
       "table " + subject.relation() + " has no index of its pending rows",
       "its ids are not drawn from a sequence, so each fetch walks over all rows that are sent; or set "
       "`completion: delete`",
       "CREATE INDEX ON " + subject.relation() + " (" + quoted_name(subject.table.id.name) +
           (subject.table.id_kind == IdKind::text ? " COLLATE \"C\"" : "") + ") WHERE " +
           predicate_of_pending(subject.table)});
}

}  // namespace

void inspect_indexes(pqxx::transaction_base& transaction, const Subject& subject, core::Findings& findings) {
  if (subject.table.id.type.empty()) return;  // without the column there is nothing to be said
  const auto indexes = read_indexes(transaction, subject);
  inspect_fetch_index(subject, indexes, findings);
  if (subject.table.advice) {
    findings.push_back({Severity::warning, Aspect::postgres_index, *subject.table.advice,
                        "sorting takes the longer the more rows are pending",
                        "CREATE INDEX ON " + subject.relation() + " (" + quoted_name(subject.table.id.name) +
                            " COLLATE \"C\")"});
  }
  if (!subject.marks()) return;
  if (subject.table.sequence) {
    inspect_sent_index(subject, indexes, findings);
  } else {
    inspect_pending_index(subject, indexes, findings);
  }
}

void inspect_fillfactor(pqxx::transaction_base& transaction, const Subject& subject,
                        core::Findings& findings) {
  if (!subject.marks()) return;
  std::vector<std::string> full;
  for (const auto& row : execute(transaction, fillfactors_sql, {std::to_string(subject.table.oid)})) {
    if (row[1].as<int>() > largest_fillfactor) full.push_back(row[0].as<std::string>());
  }
  if (full.empty()) return;
  std::string fix;
  for (std::size_t at = 0; at < std::min(full.size(), most_statements); ++at)
    fix += (at == 0 ? "ALTER TABLE " : "; ALTER TABLE ") + full[at] +
           " SET (fillfactor = " + std::to_string(wanted_fillfactor) + ')';
  const std::string others = full.size() > 1 ? " and " + std::to_string(full.size() - 1) + " more" : "";
  findings.push_back(
      {Severity::warning, Aspect::postgres_fillfactor,
       "table " + full.front() + others + " has a fillfactor above " + std::to_string(largest_fillfactor),
       "a page has no room for the marked versions of its rows, so marking writes to every index; a change "
       "counts for pages that are written from then on",
       fix});
}

void inspect_sequence(const Subject& subject, core::Findings& findings) {
  const auto& sequence = subject.table.sequence;
  const std::string id = quoted_name(subject.table.id.name);
  if (!sequence) {
    if (subject.table.id.type.empty()) return;
    findings.push_back(
        {Severity::warning, Aspect::postgres_sequence,
         "the ids of table " + subject.relation() + " are not drawn from one ascending sequence",
         "rows are published in the order of their ids, which is then the writers' or their clocks' business",
         subject.table.id_kind == IdKind::number
             ? "ALTER TABLE " + subject.relation() + " ALTER COLUMN " + id +
                   " ADD GENERATED BY DEFAULT AS IDENTITY; SELECT setval("
                   "pg_get_serial_sequence('" +
                   subject.relation() + "', '" + subject.table.id.name + "'), max(" + id + ")) FROM " +
                   subject.relation()
             : ""});
    return;
  }
  const auto& row = subject.catalog.sequence.front();
  const std::string name = qualified(sequence->schema, sequence->name);
  if (row[6] != "1") {
    findings.push_back({Severity::error, Aspect::postgres_sequence,
                        "sequence " + name + " has CACHE " + row[6],
                        "each session draws ids ahead, so a later transaction may have lower ids: the order "
                        "of a key breaks, "
                        "and such rows are found by the background sweep only (full_scan_interval)",
                        "ALTER SEQUENCE " + name + " CACHE 1"});
  }
  if (row[7] == "true") {
    findings.push_back({Severity::error, Aspect::postgres_sequence,
                        "sequence " + name + " begins again at its end",
                        "rows with ids that were passed already are found by the background sweep only",
                        "ALTER SEQUENCE " + name + " NO CYCLE"});
  }
}

}  // namespace outbox_relay::postgres
