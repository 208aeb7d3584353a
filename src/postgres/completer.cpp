#include "postgres/completer.h"

namespace outbox_relay::postgres {

Completer::Completer(Session& session, const Table& table, const Statements& statements)
    : session_(&session), table_(&table), sql_(statements.complete()) {}

awaitable<std::size_t> Completer::complete(std::vector<PlacedRow> rows) const {
  Query query{sql_};
  add_placed_rows(query, *table_, rows);
  const Result result = co_await session_->run(std::move(query));
  co_return result.affected();
}

}  // namespace outbox_relay::postgres
