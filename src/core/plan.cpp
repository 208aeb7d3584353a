#include "core/plan.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace outbox_relay::core {

namespace {

/// Between attempts at rows that somebody has locked.
constexpr std::chrono::seconds locked_pause{1};
/// In one statement: its commit, which waits for the disk, costs as much as some hundred rows do.
constexpr std::size_t pages_completed_at_once = 2;

// Where a refusal halts the whole outbox, the rows of a topic that is missing rather wait for it.
std::optional<std::chrono::milliseconds> grace(const PlanSettings& settings) {
  if (settings.refused == OnRefusal::halt) return std::nullopt;
  return settings.topic_grace;
}

}  // namespace

Plan::Plan(PlanSettings settings, const Routing& routing, PartitionOf partition_of, Random random)
    : settings_(settings),
      topics_(routing),
      window_(settings.limits),
      lanes_(routing, grace(settings), std::move(partition_of), random),
      suspects_(random) {
  if (!settings_.dead_letter_topic) return;
  dead_letter_topic_ = topics_.number(*settings_.dead_letter_topic);
  lanes_.expect(*dead_letter_topic_);
}

// Completing.

std::span<InFlight* const> Plan::next_completion(TimePoint now) {
  assert(completing_.empty());
  if (!source_is_open_) return {};
  if (now >= locked_until_) {
    acknowledged_.insert(acknowledged_.end(), locked_.begin(), locked_.end());
    locked_.clear();
  }
  const std::size_t count = std::min(acknowledged_.size(), pages_completed_at_once * settings_.page_rows);
  const auto end = acknowledged_.begin() + static_cast<std::ptrdiff_t>(count);
  completing_.assign(acknowledged_.begin(), end);
  acknowledged_.erase(acknowledged_.begin(), end);
  for (InFlight* row : completing_) window_.advance(*row, Stage::completing);
  return completing_;
}

void Plan::completed(std::span<InFlight* const> locked, TimePoint now) {
  for (InFlight* row : locked) window_.advance(*row, Stage::acknowledged);
  for (InFlight* row : completing_) {
    if (row->stage == Stage::completing) leave(*row);
  }
  completing_.clear();
  if (locked.empty()) return;
  locked_.insert(locked_.end(), locked.begin(), locked.end());
  locked_until_ = now + locked_pause;
}

// The fetch that is out may show the row pending still.
bool Plan::may_be_fetched_again(const RowId& id) const {
  if (!fetch_out_ || (has_sequence_ && !cursor_.may_repeat())) return false;
  return !fetch_out_->after || id > *fetch_out_->after || !fetch_out_->gaps.empty();
}

// The row is not pending any more.
void Plan::leave(InFlight& row) {
  if (may_be_fetched_again(row.row->id)) {
    left_meanwhile_.insert(row.row->id);
    fetch_is_ambiguous_ |= !row.page->places_hold;
  }
  window_.finish(row);
}

void Plan::completion_failed() {
  for (InFlight* row : completing_) window_.advance(*row, Stage::acknowledged);
  acknowledged_.insert(acknowledged_.begin(), completing_.begin(), completing_.end());
  completing_.clear();
}

// Ending.

void Plan::drain() {
  draining_ = true;
  drop_unpublished();
}

void Plan::halt(const Failure& failure) {
  if (!halted_) halted_ = failure;
  drop_unpublished();
}

// What leaves the window here is not looked for again until the source is opened anew, so the watermark stays
// below it.
void Plan::drop_unpublished() {
  unsafe_pages_.clear();
  lanes_.drop_waiting();
  suspects_.drop_waiting();
  window_.for_each([this](InFlight& row) {
    if (row.stage != Stage::unsafe && row.stage != Stage::waiting) return;
    lowest_dropped_ = std::min(lowest_dropped_, row.row->id.number());
    window_.finish(row);
  });
}

}  // namespace outbox_relay::core
