#include "postgres/completer.h"

#include "postgres/session_settings.h"

namespace outbox_relay::postgres {

Completer::Completer(Session& session, const Table& table, const Statements& statements,
                     CompletionCommit commit)
    : session_(&session),
      table_(&table),
      commit_(commit),
      sql_(statements.complete()),
      unlocked_sql_(statements.complete_unlocked()) {}

awaitable<std::size_t> Completer::complete(std::vector<PlacedRow> rows) const {
  const Result result = co_await run(sql_, rows);
  co_return result.affected();
}

awaitable<std::set<core::RowId>> Completer::complete_unlocked(std::vector<PlacedRow> rows) const {
  const Result result = co_await run(unlocked_sql_, rows);
  std::set<core::RowId> completed;
  for (int row = 0; row < result.rows(); ++row) completed.insert(read_id(result, row, *table_));
  co_return completed;
}

// Set once for the session it would cost less than this statement does, but whatever else the session writes
// (what is parked, and what comes to it one day) would silently not be durable unless it sets it back; here,
// what is forgotten is merely slow.
awaitable<Result> Completer::run(const std::string& sql, const std::vector<PlacedRow>& rows) const {
  std::vector<Query> batch;
  if (commit_ == CompletionCommit::asynchronous) batch.emplace_back(asynchronous_commit_sql);
  add_placed_rows(batch.emplace_back(sql), *table_, rows);
  auto results = co_await session_->run(std::move(batch));
  co_return std::move(results.back());
}

}  // namespace outbox_relay::postgres
