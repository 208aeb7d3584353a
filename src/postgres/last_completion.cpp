#include "postgres/last_completion.h"

#include <utility>

#include "postgres/identifiers.h"
#include "postgres/placed_rows.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {

void LastCompletion::acknowledged(const ServerIdentity& server, std::optional<core::RowId> row) {
  log_ = {server.system_identifier, server.timeline};
  row_ = std::move(row);
}

awaitable<bool> LastCompletion::may_be_lost(Session& session, const Table& table,
                                            const ServerIdentity& server, bool are_durable) const {
  if (!log_) co_return false;
  if (log_->system_identifier != server.system_identifier) co_return true;
  if (log_->timeline == server.timeline && are_durable) co_return false;
  if (!row_ || table.completion != Completion::mark) co_return true;
  Query is_marked{"SELECT EXISTS (SELECT FROM " + qualified(table.schema, table.name) + " AS o WHERE " +
                  reference(table.id) + " = " + id_from_text(table, "$1") + " AND " + sent_condition(table) +
                  ")"};
  is_marked.text(row_->to_string());
  const Result result = co_await session.run(std::move(is_marked));
  co_return !result.boolean(0, 0);
}

}  // namespace outbox_relay::postgres
