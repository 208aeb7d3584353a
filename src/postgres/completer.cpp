#include "postgres/completer.h"

namespace outbox_relay::postgres {

Completer::Completer(Session& session, const Table& table, const Statements& statements)
    : session_(&session),
      id_kind_(table.id_kind),
      with_tables_(table.has_partitions),
      sql_(statements.complete()) {}

awaitable<std::size_t> Completer::complete(std::vector<Placed> rows) const {
  std::vector<core::RowPlace> places;
  std::vector<const core::RowId*> ids;
  for (const auto& row : rows) {
    places.push_back(row.place);
    ids.push_back(row.id);
  }
  Query query{sql_};
  query.places(places, with_tables_);
  add_ids(query, ids);
  const Result result = co_await session_->run(std::move(query));
  co_return result.affected();
}

void Completer::add_ids(Query& query, const std::vector<const core::RowId*>& ids) const {
  if (id_kind_ == IdKind::number) {
    std::vector<std::int64_t> numbers;
    numbers.reserve(ids.size());
    for (const auto* id : ids) numbers.push_back(id->number());
    query.bigints(numbers);
    return;
  }
  std::vector<std::string> texts;
  texts.reserve(ids.size());
  for (const auto* id : ids) texts.push_back(id->text());
  query.texts(texts);
}

}  // namespace outbox_relay::postgres
