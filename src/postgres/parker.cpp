#include "postgres/parker.h"

#include <algorithm>
#include <utility>

#include "postgres/placed_rows.h"
#include "postgres/utf8.h"

namespace outbox_relay::postgres {
namespace {

using Parkings = std::vector<const core::Parking*>;

std::vector<PlacedRow> places_of(std::span<const core::Parking* const> rows) {
  std::vector<PlacedRow> placed;
  for (const auto* parking : rows) placed.push_back({parking->row->row->place, &parking->row->row->id});
  return placed;
}

}  // namespace

Parker::Parker(Session& session, const Table& table, const ParkingStatements& statements)
    : session_(&session), table_(&table), park_sql_(statements.park()), hold_sql_(statements.hold()) {}

// Durable also where completions are not: what is told of a parked row, in the log and to who looks at the
// table, and what somebody decides then, should not be taken back. No order or message depends on it: those
// that come back pending come back with all that are held behind them, and are refused once more.
awaitable<std::vector<core::RowId>> Parker::park(std::span<const core::Parking> rows) const {
  Parkings refused;
  Parkings held;
  for (const auto& parking : rows) {
    if (!parking.row->page->places_hold) continue;
    (parking.behind ? held : refused).push_back(&parking);
  }
  std::vector<Query> batch;
  if (!refused.empty()) batch.push_back(park_refused(refused));
  if (!held.empty()) batch.push_back(park_held(held));
  std::vector<core::RowId> parked;
  if (batch.empty()) co_return parked;
  const auto results = co_await session_->run(std::move(batch));
  for (const auto& result : results) {
    for (int row = 0; row < result.rows(); ++row) {
      parked.push_back(read_id(result, row, *table_));
    }
  }
  co_return parked;
}

Query Parker::park_refused(std::span<const core::Parking* const> rows) const {
  std::vector<std::string> errors;
  for (const auto* parking : rows) errors.push_back(error_text(parking->failure));
  Query query{park_sql_};
  add_placed_rows(query, *table_, places_of(rows));
  query.texts(errors);
  return query;
}

Query Parker::park_held(std::span<const core::Parking* const> rows) const {
  std::vector<std::string> texts;
  std::vector<const core::RowId*> others;
  for (const auto* parking : rows) {
    texts.push_back(std::string{behind_prefix} + parking->behind->to_string());
    others.push_back(&*parking->behind);
  }
  std::ranges::sort(others, {}, [](const auto* id) -> const core::RowId& { return *id; });
  const auto repeated =
      std::ranges::unique(others, {}, [](const auto* id) -> const core::RowId& { return *id; });
  others.erase(repeated.begin(), repeated.end());
  Query query{hold_sql_};
  add_placed_rows(query, *table_, places_of(rows));
  query.texts(texts);
  add_ids(query, *table_, others);
  return query;
}

std::string error_text(const core::Failure& failure) {
  constexpr std::size_t longest = 1000;
  return valid_utf8(std::string{core::to_label(failure.reason)} + std::string{after_reason} + failure.message,
                    longest);
}

}  // namespace outbox_relay::postgres
