#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "core/diagnosis.h"
#include "core/units.h"
#include "postgres/inspection.h"
#include "postgres/table.h"

// The parts of an inspection that need a table to look at. Each adds what it finds; they throw what libpqxx
// throws.
namespace outbox_relay::postgres {

struct Subject {
  const InspectionSettings& wanted;
  Table table;
  Catalog catalog;
  int server_version = 0;
  std::string role;  ///< quoted

  [[nodiscard]] std::string relation() const { return qualified(table.schema, table.name); }
  [[nodiscard]] bool marks() const { return table.completion == Completion::mark && table.sent; }
};

/// Whether the fetch has an index that serves it, and marking none that it has to write.
void inspect_indexes(pqxx::transaction_base& transaction, const Subject& subject, core::Findings& findings);
/// Whether the pages have room for marked rows.
void inspect_fillfactor(pqxx::transaction_base& transaction, const Subject& subject,
                        core::Findings& findings);
/// Whether the ids are drawn as the relay relies on.
void inspect_sequence(const Subject& subject, core::Findings& findings);
/// Whether sent rows can be deleted when they were kept long enough.
void inspect_retention(const Subject& subject, core::Findings& findings);
/// What the role may do beyond what it needs.
void inspect_excess_grants(pqxx::transaction_base& transaction, const Subject& subject,
                           core::Findings& findings);
/// Whether the relay's own tables are there, up to date and writable.
void inspect_control_schema(pqxx::transaction_base& transaction, const Subject& subject,
                            core::Findings& findings);
/// Whether somebody says when rows are written, and is heard.
void inspect_notifications(pqxx::transaction_base& transaction, const Subject& subject,
                           core::Findings& findings);
/// Whether rows from before the relay's time count as pending.
void inspect_history(pqxx::transaction_base& transaction, const Subject& subject, core::Findings& findings);
/// The largest of the newest pending rows.
[[nodiscard]] std::optional<core::Bytes> largest_pending(pqxx::transaction_base& transaction,
                                                         const Subject& subject);

}  // namespace outbox_relay::postgres
