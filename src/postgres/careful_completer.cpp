#include "postgres/careful_completer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/failpoint.h"
#include "core/failure.h"
#include "postgres/table_identity.h"

namespace outbox_relay::postgres {
namespace {

using Rows = std::vector<const core::Row*>;

std::size_t size_of(const core::Value& value) {
  return value ? value->size() : 0;
}

/// The longest value beside the payload.
std::size_t longest_other(const core::Row& row) {
  std::size_t longest = std::max({row.message_id.size(), size_of(row.key), size_of(row.headers)});
  for (const auto& value : row.attributes) longest = std::max(longest, size_of(value));
  return longest;
}

/// Reading again is bounded too: at most so many bytes at once, but a row at least.
std::vector<Rows> chunks_of(const Rows& rows) {
  constexpr std::size_t chunk_bytes = 4 << 20;
  std::vector<Rows> chunks;
  std::size_t bytes = chunk_bytes;
  for (const auto* row : rows) {
    const auto size = size_of(row->payload) + longest_other(*row);
    if (bytes + size > chunk_bytes) {
      chunks.emplace_back();
      bytes = 0;
    }
    bytes += size;
    chunks.back().push_back(row);
  }
  return chunks;
}

}  // namespace

CarefulCompleter::CarefulCompleter(Session& session, const Table& table, const Statements& statements,
                                   const PageReader& reader, const Completer& completer)
    : session_(&session),
      table_(&table),
      reader_(&reader),
      completer_(&completer),
      sql_(statements.reread()) {}

awaitable<std::size_t> CarefulCompleter::complete(std::vector<const core::Row*> rows) const {
  constexpr int rounds = 3;
  std::size_t completed = 0;
  for (int round = 0; round < rounds; ++round) {
    Rows moved;
    const auto chunks = chunks_of(rows);
    for (const auto& chunk : chunks) {
      Found found = co_await find(chunk);
      if (found.rows.empty()) continue;
      const auto now_complete = co_await completer_->complete(std::move(found.placed));
      completed += now_complete;
      // Which of them moved meanwhile need not be known: the others are not pending any more.
      if (now_complete < found.rows.size()) moved.insert(moved.end(), found.rows.begin(), found.rows.end());
    }
    if (moved.empty()) co_return completed;
    rows = std::move(moved);
  }
  throw core::FailureError({core::Reason::conflict, core::Remedy::retry,
                            "rows were changed by others again and again while they were completed",
                            "find out what updates the outbox's pending rows"});
}

awaitable<CarefulCompleter::Unlocked> CarefulCompleter::complete_unlocked(
    std::vector<const core::Row*> rows) const {
  Unlocked unlocked;
  const auto chunks = chunks_of(rows);
  for (const auto& chunk : chunks) {
    Found found = co_await find(chunk);
    if (found.rows.empty()) continue;
    const auto completed = co_await completer_->complete_unlocked(std::move(found.placed));
    unlocked.completed += completed.size();
    std::ranges::copy_if(found.rows, std::back_inserter(unlocked.locked),
                         [&](const auto* row) { return !completed.contains(row->id); });
  }
  co_return unlocked;
}

awaitable<CarefulCompleter::Found> CarefulCompleter::find(Rows rows) const {
  std::vector<Query> batch{read_again(rows), table_identity_query(*table_)};
  auto results = co_await session_->run(std::move(batch));
  check_table_identity(results[1], *table_);
  const core::Page page = reader_->read(std::move(results[0]), false).page;
  Found found;
  const bool by_id_alone = core::is_mutated("complete_by_id");
  for (const auto* row : rows) {
    const auto candidates = std::ranges::equal_range(page.rows, row->id, {}, &core::Row::id);
    const auto same = std::ranges::find_if(
        candidates, [&](const auto& now) { return by_id_alone || core::same_message(now, *row); });
    if (same == candidates.end()) continue;
    found.placed.push_back({same->place, &row->id});
    found.rows.push_back(row);
  }
  co_return found;
}

Query CarefulCompleter::read_again(const Rows& rows) const {
  std::size_t longest_payload = 0;
  std::size_t longest = 0;
  std::vector<const core::RowId*> ids;
  for (const auto* row : rows) {
    longest_payload = std::max(longest_payload, size_of(row->payload));
    longest = std::max(longest, longest_other(*row));
    ids.push_back(&row->id);
  }
  Query query{sql_};
  query.bigint(static_cast<std::int64_t>(longest_payload)).bigint(static_cast<std::int64_t>(longest));
  query.text(reader_->token()).bytea(reader_->token());
  add_ids(query, *table_, ids);
  return query;
}

}  // namespace outbox_relay::postgres
