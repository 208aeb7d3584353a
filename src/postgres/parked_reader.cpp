#include "postgres/parked_reader.h"

#include <string>
#include <utility>

#include "core/failure.h"
#include "postgres/placed_rows.h"

namespace outbox_relay::postgres {

// The reader's token does not matter: nothing is cut here.
ParkedReader::ParkedReader(Session& session, const Table& table, const ParkingStatements& statements)
    : session_(&session),
      table_(&table),
      statements_(&statements),
      reader_(statements.table(), statements.layout(), {}) {}

awaitable<core::Page> ParkedReader::read() const {
  constexpr std::int64_t most_rows = 100'000;
  constexpr std::int64_t most_bytes = 64 << 20;
  Query measure{statements_->measure()};
  measure.bigint(most_rows + 1);
  const Result found = co_await session_->run(std::move(measure));
  if (found.bigint(0, 0) > most_rows || found.bigint(0, 1) > most_bytes) {
    throw core::FailureError({core::Reason::resources, core::Remedy::operate,
                              "more rows of table " + qualified(table_->schema, table_->name) +
                                  " are parked than can be watched (" + std::to_string(most_rows) +
                                  " rows, or 64 MiB of keys)",
                              "find out why, then requeue or discard them: outbox-relay parked list|requeue|"
                              "discard"});
  }
  if (found.bigint(0, 0) == 0) co_return core::Page{};
  Result rows = co_await session_->run(Query{statements_->parked()});
  co_return reader_.read(std::move(rows), false).page;
}

awaitable<std::vector<core::Released>> ParkedReader::find_released(
    std::span<const core::RowId> parked) const {
  std::vector<const core::RowId*> ids;
  for (const auto& id : parked) ids.push_back(&id);
  Query query{statements_->find_released()};
  add_ids(query, *table_, ids);
  const Result result = co_await session_->run(std::move(query));
  std::vector<core::Released> released;
  for (int row = 0; row < result.rows(); ++row) {
    released.push_back({read_id(result, row, *table_), result.boolean(row, 1)});
  }
  if (!released.empty()) co_await release_orphaned();
  co_return released;
}

awaitable<std::optional<std::int64_t>> ParkedReader::release_orphaned() const {
  if (!table_->parks) co_return std::nullopt;
  try {
    const Result lowest = co_await session_->run(Query{statements_->release_orphaned()});
    if (!lowest.is_null(0, 0)) co_return lowest.bigint(0, 0);
  } catch (const core::FailureError& error) {
    if (error.failure().remedy != core::Remedy::retry) throw;  // otherwise the next time will do
  }
  co_return std::nullopt;
}

}  // namespace outbox_relay::postgres
