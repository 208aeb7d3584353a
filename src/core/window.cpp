#include "core/window.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace outbox_relay::core {

WindowPage* Window::admit(Page page, LogPosition safe_at) {
  if (page.rows.empty()) return nullptr;
  WindowPage& added = pages_.emplace_back();
  added.page = std::move(page);
  added.safe_at = safe_at;
  added.place = std::prev(pages_.end());
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
  if (row.page->is_indexed) index_.remove(row);
  --by_stage_[static_cast<std::size_t>(row.stage)];
  row.stage = Stage::done;
  --rows_;
  WindowPage& page = *row.page;
  if (--page.unfinished > 0) return;
  bytes_ -= page.page.bytes;
  pages_.erase(page.place);
}

bool Window::holds(const Row& row) {
  if (row.id > highest_) return false;  // as nearly every row that was just read
  index_pages();
  return index_.contains(row);
}

// Only once it is asked: most rows are done before anybody does.
void Window::index_pages() {
  for (auto page = pages_.rbegin(); page != pages_.rend() && !page->is_indexed; ++page) {
    for_each_in(*page, [this](InFlight& row) { index_.add(row); });
    page->is_indexed = true;
  }
}

std::optional<std::int64_t> Window::lowest_unfinished() const {
  std::optional<std::int64_t> lowest;
  for (const WindowPage& page : pages_) {
    const auto first =
        std::ranges::find_if(page.rows, [](const InFlight& row) { return row.stage != Stage::done; });
    lower(lowest, first->row->id.number());
  }
  return lowest;
}

void Window::distrust_places() {
  for (WindowPage& page : pages_) page.places_hold = false;
}

}  // namespace outbox_relay::core
