#include "core/scan.h"

namespace outbox_relay::core {

void Scan::start() {
  after_.reset();
  top_.reset();
}

FetchRequest Scan::next_fetch(std::size_t max_rows) const {
  FetchRequest request;
  request.max_rows = max_rows;
  request.after = after_;
  request.up_to = top_;
  request.read_highest = !after_;
  return request;
}

Absorbed Scan::absorb(const FetchRequest& request, Fetched& fetched, const IsKnown& is_known) {
  auto& rows = fetched.page.rows;
  Absorbed absorbed;
  if (request.after != after_) {  // begun anew meanwhile: rows from the bottom come first
    rows.clear();
    absorbed.is_full = true;
    return absorbed;
  }
  absorbed.is_full = fetched.cut_before.has_value() || rows.size() == request.max_rows;
  if (!absorbed.is_full) {
    start();
  } else if (!rows.empty()) {
    // The table may have been empty a moment before the rows were read.
    if (!after_) top_ = fetched.highest.value_or(rows.back().id);
    after_ = rows.back().id;
  }
  std::erase_if(rows, is_known);
  return absorbed;
}

}  // namespace outbox_relay::core
