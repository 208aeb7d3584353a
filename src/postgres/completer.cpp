#include "postgres/completer.h"

namespace outbox_relay::postgres {

Completer::Completer(Session& session, const Table& table, const Statements& statements)
    : session_(&session),
      table_(&table),
      sql_(statements.complete()),
      unlocked_sql_(statements.complete_unlocked()) {}

awaitable<std::size_t> Completer::complete(std::vector<PlacedRow> rows) const {
  Query query{sql_};
  add_placed_rows(query, *table_, rows);
  const Result result = co_await session_->run(std::move(query));
  co_return result.affected();
}

awaitable<std::set<core::RowId>> Completer::complete_unlocked(std::vector<PlacedRow> rows) const {
  Query query{unlocked_sql_};
  add_placed_rows(query, *table_, rows);
  const Result result = co_await session_->run(std::move(query));
  std::set<core::RowId> completed;
  for (int row = 0; row < result.rows(); ++row) completed.insert(read_id(result, row, *table_));
  co_return completed;
}

}  // namespace outbox_relay::postgres
