#include <utility>

#include "postgres/inspections.h"
#include "postgres/retention_statement.h"

namespace outbox_relay::postgres {

void inspect_retention(const Subject& subject, core::Findings& findings) {
  if (!subject.wanted.deletes_sent_rows || !subject.marks()) return;
  const auto add = [&findings](core::Aspect aspect, core::Failure failure) {
    findings.push_back(
        {core::Severity::error, aspect, std::move(failure.message),
         "the relay works, but never deletes sent rows (`keep_sent`): the table grows for ever",
         std::move(failure.hint)});
  };
  const bool may_delete = subject.catalog.table.front()[5] == "true";
  if (!may_delete)
    add(core::Aspect::postgres_grants, forbidden_deletion(subject.wanted.settings.table, subject.role));
  if (auto failure = missing_sent_time(subject.table))
    add(core::Aspect::postgres_columns, *std::move(failure));
}

}  // namespace outbox_relay::postgres
