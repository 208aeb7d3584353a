#include "core/window.h"

#include <algorithm>
#include <cassert>

namespace outbox_relay::core {

WindowPage* Window::admit(Page page, LogPosition safe_at) {
  if (page.rows.empty()) return nullptr;
  WindowPage& added = pages_.emplace_back();
  added.page = std::move(page);
  added.safe_at = safe_at;
  added.unfinished = added.page.rows.size();
  added.rows.reserve(added.unfinished);
  for (const Row& row : added.page.rows) {
    InFlight& in_flight = added.rows.emplace_back();
    in_flight.row = &row;
    in_flight.page = &added;
  }
  const RowId& last = added.page.rows.back().id;
  if (pages_.size() == 1 || last > highest_) highest_ = last;
  rows_ += added.unfinished;
  bytes_ += added.page.bytes;
  by_stage_[static_cast<std::size_t>(Stage::unsafe)] += added.unfinished;
  return &added;
}

void Window::advance(InFlight& row, Stage to) {
  assert(row.stage != Stage::done && to != Stage::done);
  --by_stage_[static_cast<std::size_t>(row.stage)];
  ++by_stage_[static_cast<std::size_t>(to)];
  row.stage = to;
}

void Window::finish(InFlight& row) {
  assert(row.stage != Stage::done);
  --by_stage_[static_cast<std::size_t>(row.stage)];
  row.stage = Stage::done;
  --rows_;
  WindowPage& page = *row.page;
  if (--page.unfinished > 0) return;
  bytes_ -= page.page.bytes;
  // Pages finish nearly in the order they came, so this search ends early.
  pages_.erase(std::ranges::find_if(pages_, [&page](const WindowPage& other) { return &other == &page; }));
}

bool Window::holds(const Row& row) const {
  if (row.id > highest_) return false;  // as nearly every row that was just read
  for (const WindowPage& page : pages_) {
    const auto at = std::ranges::lower_bound(page.page.rows, row.id, {}, &Row::id);
    if (at == page.page.rows.end() || at->id != row.id) continue;
    const InFlight& candidate = page.rows[static_cast<std::size_t>(at - page.page.rows.begin())];
    if (candidate.stage != Stage::done && same_message(*at, row)) return true;
  }
  return false;
}

std::optional<std::int64_t> Window::lowest_unfinished() const {
  std::optional<std::int64_t> lowest;
  for (const WindowPage& page : pages_) {
    const auto first =
        std::ranges::find_if(page.rows, [](const InFlight& row) { return row.stage != Stage::done; });
    const std::int64_t id = first->row->id.number();
    if (!lowest || id < *lowest) lowest = id;
  }
  return lowest;
}

void Window::distrust_places() {
  for (WindowPage& page : pages_) page.places_hold = false;
}

}  // namespace outbox_relay::core
