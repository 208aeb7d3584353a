#include "core/plan.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace outbox_relay::core {

namespace {

constexpr std::chrono::milliseconds first_flush_delay{1};
constexpr std::chrono::milliseconds longest_flush_delay{20};
constexpr std::chrono::milliseconds shortest_sweep_delay{500};

}  // namespace

Plan::Plan(PlanSettings settings, const Routing& routing, PartitionOf partition_of, Random random)
    : settings_(settings),
      topics_(routing),
      window_(settings.limits),
      lanes_(routing, std::move(partition_of), std::move(random)) {}

// Reading.

void Plan::source_opened(const SourceFacts& facts, TimePoint now) {
  has_sequence_ = facts.ids_from_sequence;
  if (has_sequence_) {
    cursor_.start(facts);
  } else {
    scan_.start();
  }
  source_is_open_ = true;
  lowest_dropped_ = std::numeric_limits<std::int64_t>::max();
  flushed_ = {};  // another timeline may have begun
  poll_delay_ = settings_.poll_interval_min;
  poll_at_ = now;
  sweep_at_ = now + shortest_sweep_delay;
}

void Plan::source_lost() {
  source_is_open_ = false;
  fetch_is_out_ = false;
  found_rows_ = false;
  needed_bytes_.reset();
  completed_meanwhile_.clear();
  if (!completing_.empty()) completion_failed();
  drop_unpublished();
  window_.distrust_places();
}

Plan::Reading Plan::next_read(TimePoint now) {
  if (!source_is_open_ || is_stopped()) return Wait{};
  const bool may_fetch = has_room();
  if (may_fetch && poll_at_ <= now) {
    if (auto survey = next_survey(now)) return *survey;
    return next_fetch();
  }
  if (!unsafe_pages_.empty()) {
    if (flush_at_ <= now) return ReadFlushPosition{};
    return Wait{may_fetch ? std::min(flush_at_, poll_at_) : flush_at_};
  }
  return may_fetch ? Wait{poll_at_} : Wait{};
}

// Small fetches cost as much as large ones: wait until a page fits.
bool Plan::has_room() const {
  if (window_.empty()) return true;
  const Bytes quarter{settings_.limits.bytes.count / 4};
  return window_.room_rows() >= std::min(settings_.page_rows, settings_.limits.rows) &&
         window_.room_bytes() >= needed_bytes_.value_or(quarter);
}

std::optional<Plan::SurveyFor> Plan::next_survey(TimePoint now) {
  if (!has_sequence_) return std::nullopt;
  if (const auto request = cursor_.next_survey()) return SurveyFor{*request, false};
  if (sweep_at_ > now) return std::nullopt;
  const auto limit = finished_below();
  const auto chunks = cursor_.sweep_span(limit) / Cursor::survey_rows + 1;
  const auto delay = settings_.full_scan_interval / static_cast<std::int64_t>(chunks);
  sweep_at_ = now + std::max<std::chrono::milliseconds>(delay, shortest_sweep_delay);
  const auto request = cursor_.next_sweep(limit);
  if (!request) return std::nullopt;
  return SurveyFor{*request, true};
}

FetchRequest Plan::next_fetch() {
  FetchRequest request = has_sequence_ ? cursor_.next_fetch() : scan_.next_fetch();
  request.max_rows = std::min({settings_.page_rows, settings_.limits.rows, window_.room_rows()});
  request.max_bytes = window_.room_bytes();
  request.whole_row = window_.empty();
  fetch_is_out_ = true;
  return request;
}

void Plan::surveyed(const SurveyFor& survey_for, const Survey& survey) {
  if (survey_for.is_sweep) {
    cursor_.swept(survey);
  } else {
    cursor_.surveyed(survey);
  }
}

Plan::Arrived Plan::fetched(const FetchRequest& request, Fetched fetched, TimePoint now) {
  fetch_is_out_ = false;
  if (is_stopped()) return {};  // asked for before; the rows stay where they are
  const IsKnown known = [this](const Row& row) { return is_known(row); };
  const Absorbed absorbed =
      has_sequence_ ? cursor_.absorb(request, fetched, known) : scan_.absorb(request, fetched, known);
  completed_meanwhile_.clear();
  needed_bytes_ = fetched.cut_before;

  const Arrived arrived{fetched.page.rows.size(), absorbed.late_rows, absorbed.is_full};
  const LogPosition safe_at = settings_.wait_for_flush ? fetched.written : LogPosition{};
  std::optional<Failure> failure;
  if (WindowPage* page = window_.admit(std::move(fetched.page), safe_at)) {
    for (InFlight& row : page->rows) {
      auto topic = topics_.of(*row.row);
      if (const auto* id = std::get_if<TopicId>(&topic)) {
        row.topic = *id;
      } else if (!failure) {
        failure = std::get<Failure>(topic);
      }
    }
    unsafe_pages_.push_back(page);
    if (unsafe_pages_.size() == 1) flush_delay_ = first_flush_delay;
  }
  if (failure) {
    halt(*failure);
  } else {
    flushed(fetched.flushed, now);
  }
  pace(arrived, now);
  return arrived;
}

void Plan::pace(const Arrived& arrived, TimePoint now) {
  found_rows_ = arrived.rows > 0;
  if (arrived.is_full || (has_sequence_ && cursor_.is_catching_up())) {
    poll_delay_ = settings_.poll_interval_min;
    poll_at_ = now;
    return;
  }
  poll_delay_ =
      found_rows_ ? settings_.poll_interval_min : std::min(poll_delay_ * 2, settings_.poll_interval);
  poll_at_ = now + poll_delay_;
}

bool Plan::is_known(const Row& row) const {
  return completed_meanwhile_.contains(row.id) || window_.holds(row);
}

void Plan::flushed(LogPosition position, TimePoint now) {
  const bool moved = position > flushed_;
  flushed_ = std::max(flushed_, position);
  flush_delay_ = moved ? first_flush_delay : std::min(flush_delay_ * 2, longest_flush_delay);
  flush_at_ = now + flush_delay_;
  release_safe_pages(now);
}

void Plan::release_safe_pages(TimePoint now) {
  while (!unsafe_pages_.empty() && unsafe_pages_.front()->safe_at <= flushed_) {
    WindowPage* page = unsafe_pages_.front();
    unsafe_pages_.pop_front();
    std::optional<Failure> failure;
    Window::for_each_in(*page, [&](InFlight& row) {
      window_.advance(row, Stage::waiting);
      if (!failure) failure = enqueue(row, now);
    });
    if (failure) return halt(*failure);
  }
}

// A row of a held topic leaves the window at once. The failure is about this row alone.
std::optional<Failure> Plan::enqueue(InFlight& row, TimePoint now) {
  const auto outcome = lanes_.enqueue(row, now);
  if (const auto* failure = std::get_if<Failure>(&outcome)) return *failure;
  if (std::get<Lanes::Outcome>(outcome) == Lanes::Outcome::held) {
    lanes_.hold(row);
    window_.finish(row);
  }
  return std::nullopt;
}

// Everything up to here is finished, as far as the sequence's ids tell.
std::int64_t Plan::finished_below() const {
  std::int64_t below = cursor_.position();
  if (const auto row = window_.lowest_unfinished()) below = std::min(below, *row - 1);
  if (const auto held = lanes_.lowest_held()) below = std::min(below, *held - 1);
  if (lowest_dropped_ <= below) below = lowest_dropped_ - 1;
  return below;
}

std::optional<std::int64_t> Plan::watermark() const {
  if (!source_is_open_ || !has_sequence_) return std::nullopt;
  std::int64_t watermark = finished_below();
  if (const auto gap = cursor_.lowest_gap()) {
    if (*gap == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
    watermark = std::min(watermark, *gap - 1);
  }
  return watermark;
}

// Publishing.

InFlight* Plan::next_publication() const {
  return producer_broken_ || is_stopped() ? nullptr : lanes_.next();
}

void Plan::published(TimePoint now) {
  InFlight& row = *lanes_.next();
  row.published_at = now;
  window_.advance(row, Stage::published);
  lanes_.handed_over();
}

void Plan::refused(const Failure& failure) {
  lanes_.drop_next();
  halt(failure);
}

void Plan::delivered(InFlight& row, const std::optional<Failure>& failure, TimePoint now) {
  assert(row.stage == Stage::published);
  if (!failure) {
    lanes_.acknowledged(row, now);
    window_.advance(row, Stage::acknowledged);
    acknowledged_.push_back(&row);
    return;
  }
  lanes_.failed(row);
  window_.advance(row, Stage::waiting);
  switch (failure->remedy) {
    case Remedy::hold_topic: {
      const TopicId topic = row.topic;
      lanes_.hold(row);
      window_.finish(row);
      topic_closed(topic, *failure, now);
      break;
    }
    case Remedy::isolate:
    case Remedy::park:
      producer_broken_ = true;
      halt(*failure);
      break;
    case Remedy::retry:
    case Remedy::rebuild:
    case Remedy::operate:
      producer_broken_ = true;
      ++returned_rows_;
      break;
  }
  if (is_stopped()) drop_unpublished();
}

void Plan::topic_opened(TopicId topic, std::int32_t partitions, TimePoint now) {
  auto reopened = lanes_.topic_opened(topic, partitions, now);
  if (!reopened.refused.empty()) halt(reopened.refused.front());
  if (!reopened.lowest || !source_is_open_ || is_stopped()) return;
  // Rows of this topic that were read since are behind those that were held: all of them are read again, in
  // order.
  RowId lowest = *reopened.lowest;
  std::erase_if(unsafe_pages_, [&](WindowPage* page) {
    std::size_t staying = page->unfinished;
    Window::for_each_in(*page, [&](InFlight& row) {
      if (row.topic != topic) return;
      --staying;
      lowest = std::min(lowest, row.row->id);
      window_.finish(row);
    });
    return staying == 0;
  });
  if (has_sequence_) {
    cursor_.rewind(lowest.number());
  } else {
    scan_.start();
  }
  wake(now);
}

void Plan::topic_closed(TopicId topic, Failure failure, TimePoint now) {
  for (InFlight* row : lanes_.topic_closed(topic, std::move(failure), now)) window_.finish(*row);
}

std::size_t Plan::producer_replaced(TimePoint now) {
  assert(window_.count(Stage::published) == 0);
  producer_broken_ = false;
  lanes_.producer_replaced();
  std::vector<InFlight*> rows;
  window_.for_each([&rows](InFlight& row) {
    if (row.stage == Stage::waiting) rows.push_back(&row);
  });
  for (InFlight* row : rows) {
    if (const auto failure = enqueue(*row, now)) {
      halt(*failure);
      break;
    }
  }
  return std::exchange(returned_rows_, 0);
}

// Completing.

std::span<InFlight* const> Plan::next_completion() {
  assert(completing_.empty());
  if (!source_is_open_) return {};
  const std::size_t count = std::min(acknowledged_.size(), settings_.page_rows);
  const auto end = acknowledged_.begin() + static_cast<std::ptrdiff_t>(count);
  completing_.assign(acknowledged_.begin(), end);
  acknowledged_.erase(acknowledged_.begin(), end);
  for (InFlight* row : completing_) window_.advance(*row, Stage::completing);
  return completing_;
}

void Plan::completed() {
  const bool may_repeat = fetch_is_out_ && (!has_sequence_ || cursor_.may_repeat());
  for (InFlight* row : completing_) {
    if (may_repeat) completed_meanwhile_.insert(row->row->id);
    window_.finish(*row);
  }
  completing_.clear();
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
  window_.for_each([this](InFlight& row) {
    if (row.stage != Stage::unsafe && row.stage != Stage::waiting) return;
    lowest_dropped_ = std::min(lowest_dropped_, row.row->id.number());
    window_.finish(row);
  });
}

}  // namespace outbox_relay::core
