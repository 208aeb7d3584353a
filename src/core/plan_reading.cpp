#include <algorithm>
#include <limits>
#include <utility>

#include "core/failpoint.h"
#include "core/plan.h"

// The part of `Plan` that finds rows: what to read next, and what becomes of a page.
namespace outbox_relay::core {

namespace {

constexpr std::chrono::milliseconds first_flush_delay{1};
constexpr std::chrono::milliseconds longest_flush_delay{20};
constexpr std::chrono::milliseconds shortest_sweep_delay{500};

}  // namespace

std::size_t Plan::source_opened(const SourceFacts& facts, TimePoint now) {
  has_sequence_ = facts.ids_from_sequence;
  if (has_sequence_) {
    cursor_.start(facts);
  } else {
    scan_.start();
  }
  holds_.clear();
  for (const Row& row : facts.parked.rows) {
    holds_.add(row.id, settings_.hold_keys ? key_of(row) : std::nullopt);
    holds_.confirm(row.id);
  }
  ask_parked_at_ = now;
  is_standing_by_ = false;
  const std::size_t repeated = facts.may_have_lost_completions ? forget_in_flight() : 0;
  source_is_open_ = true;
  lowest_dropped_ = std::numeric_limits<std::int64_t>::max();
  flushed_ = {};  // another timeline may have begun
  poll_delay_ = settings_.poll_interval_min;
  poll_at_ = idle_poll_at_ = now;
  poll_cause_ = PollCause::timer;
  sweep_at_ = now + shortest_sweep_delay;
  return repeated;
}

void Plan::source_lost() {
  source_is_open_ = false;
  fetch_out_.reset();
  found_rows_ = false;
  needed_bytes_.reset();
  if (!completing_.empty()) completion_failed();
  drop_unpublished();
  drop_refused();
  window_.distrust_places();
}

void Plan::stand_by() {
  is_standing_by_ = true;
  forget_acknowledged();
}

// They are pending in the table still.
void Plan::forget_acknowledged() {
  for (InFlight* row : acknowledged_) window_.finish(*row);
  for (InFlight* row : locked_) window_.finish(*row);
  acknowledged_.clear();
  locked_.clear();
}

// Of a key whose later rows are in flight, earlier ones would be published behind them, and who keeps the
// last word of each key would keep an old one. So the later ones are published once more, too, behind the
// earlier ones.
std::size_t Plan::forget_in_flight() {
  const auto published = acknowledged_.size() + locked_.size() + window_.count(Stage::published);
  forget_acknowledged();
  is_settling_ = true;
  return published;
}

void Plan::read_failed() {
  fetch_out_.reset();
  if (ask_parked_at_ == TimePoint::max()) ask_parked_at_ = {};
}

Plan::Reading Plan::next_read(TimePoint now) {
  if (!source_is_open_ || is_stopped()) return Wait{};
  if (auto ask = ask_for_parked(now)) return *std::move(ask);
  auto reading = next_page(now);
  if (const auto* wait = std::get_if<Wait>(&reading); wait != nullptr && !holds_.empty()) {
    return Wait{std::min(wait->until.value_or(TimePoint::max()), ask_parked_at_)};
  }
  return reading;
}

Plan::Reading Plan::next_page(TimePoint now) {
  is_settling_ = is_settling_ && window_.count(Stage::published) > 0;
  if (is_settling_) return Wait{};
  const bool may_fetch = has_room() || (window_.make_room(needed_room()) && has_room());
  if (may_fetch && poll_at_ <= now) {
    if (auto survey = next_survey(now)) return *survey;
    return next_fetch();
  }
  if (!unsafe_pages_.empty()) {
    if (flush_at_ <= now) {
      const bool will_be_flushed = settings_.completions_flush && !completing_.empty();
      return ReadFlushPosition{.flush_first = flush_delay_ > first_flush_delay && !will_be_flushed};
    }
    return Wait{may_fetch ? std::min(flush_at_, poll_at_) : flush_at_};
  }
  return may_fetch ? Wait{poll_at_} : Wait{};
}

Window::Limits Plan::quarter_of_window() const {
  return {.rows = settings_.limits.rows / 4, .bytes = {settings_.limits.bytes.count / 4}};
}

Bytes Plan::needed_room() const {
  return needed_bytes_.value_or(quarter_of_window().bytes);
}

// Small fetches cost as much as large ones: wait until a page fits.
bool Plan::has_room() const {
  if (window_.empty()) return true;
  return window_.room_rows() >= std::min(settings_.page_rows, settings_.limits.rows) &&
         window_.room_bytes() >= needed_room();
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
  const auto max_rows = std::min({settings_.page_rows, settings_.limits.rows, window_.room_rows()});
  FetchRequest request = has_sequence_ ? cursor_.next_fetch(max_rows) : scan_.next_fetch(max_rows);
  request.max_bytes = window_.room_bytes();
  request.whole_row = window_.empty();
  left_meanwhile_.clear();
  fetch_is_ambiguous_ = false;
  fetch_out_ = request;
  fetch_cause_ = poll_cause_;
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
  fetch_out_.reset();
  const Arrived nothing{.cause = fetch_cause_};
  if (is_stopped()) return nothing;  // asked for before; the rows stay where they are
  if (fetch_is_ambiguous_) return nothing;
  if (release_met(fetched.page, now)) return nothing;
  const IsKnown known = [this](const Row& row) { return is_known(row); };
  const Absorbed absorbed =
      has_sequence_ ? cursor_.absorb(request, fetched, known) : scan_.absorb(request, fetched, known);
  needed_bytes_ = fetched.cut_before;

  const Arrived arrived{fetch_cause_, fetched.page.rows.size(), count_late(fetched.page, absorbed.late),
                        absorbed.is_full};
  const bool waits = settings_.wait_for_flush && !is_mutated("no_flush_wait");
  const LogPosition safe_at = waits ? fetched.written : LogPosition{};
  const auto look_at_log_at = unsafe_pages_.empty() ? TimePoint::max() : flush_at_;
  if (WindowPage* page = window_.admit(std::move(fetched.page), safe_at)) {
    for (InFlight& row : page->rows) {
      const auto topic = topics_.of(*row.row);
      const auto* const id = std::get_if<TopicId>(&topic);
      row.topic = id != nullptr ? *id : no_topic;
    }
    unsafe_pages_.push_back(page);
    if (unsafe_pages_.size() == 1) flush_delay_ = first_flush_delay;
  }
  flushed(fetched.flushed, now);
  // However often there is something to fetch: only who asks for the position may have the log flushed.
  flush_at_ = std::min(flush_at_, look_at_log_at);
  if (cursor_.has_many_gaps()) cursor_.join_gaps(finished_below());
  pace(arrived, now);
  return arrived;
}

// Not those of a held key: they were behind a parked row that somebody has just released.
std::size_t Plan::count_late(const Page& page, const std::vector<RowId>& late) {
  return static_cast<std::size_t>(std::ranges::count_if(late, [&](const RowId& id) {
    const auto row = std::ranges::lower_bound(page.rows, id, {}, &Row::id);
    const auto key = key_of(*row);
    return !key || !holds_.behind(*key, id);
  }));
}

std::optional<OrderingKey> Plan::key_of(const Row& row) {
  const auto topic = topics_.of(row);
  const auto* const id = std::get_if<TopicId>(&topic);
  return id != nullptr ? ordering_key(*id, row) : std::nullopt;
}

// Where all rows have one topic, and that takes none, whatever is read leaves again. Reading goes back to the
// first of them when it opens.
bool Plan::reads_in_vain() const {
  const auto topic = topics_.constant();
  return topic && lanes_.is_closed(*topic);
}

void Plan::pace(const Arrived& arrived, TimePoint now) {
  found_rows_ = arrived.rows > 0;
  idle_poll_at_ = now + settings_.poll_interval_min;
  if (reads_in_vain()) {
    poll_delay_ = settings_.poll_interval;
    poll_at_ = idle_poll_at_ = now + poll_delay_;
    poll_cause_ = PollCause::timer;
    return;
  }
  if (arrived.is_full || (has_sequence_ && cursor_.is_catching_up())) {
    poll_delay_ = settings_.poll_interval_min;
    poll_at_ = now;
    poll_cause_ = PollCause::full_page;
    return;
  }
  poll_cause_ = PollCause::timer;
  poll_delay_ =
      found_rows_ ? settings_.poll_interval_min : std::min(poll_delay_ * 2, settings_.poll_interval);
  poll_at_ = now + poll_delay_;
}

void Plan::wake(TimePoint now) {
  poll_at_ = std::min(poll_at_, now);
  poll_cause_ = PollCause::wake;
}

bool Plan::notified(TimePoint now) {
  const auto moment = std::max(now, idle_poll_at_);
  if (poll_at_ <= moment) return false;
  poll_at_ = moment;
  poll_cause_ = PollCause::notification;
  return true;
}

bool Plan::is_known(const Row& row) {
  return left_meanwhile_.contains(row.id) || window_.holds(row);
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
    std::vector<InFlight*> rows;
    Window::for_each_in(*page, [this, &rows](InFlight& row) {
      window_.advance(row, Stage::waiting);
      rows.push_back(&row);
    });
    if (is_mutated("random_order")) std::ranges::reverse(rows);
    enqueue(rows, now);
  }
}

// Everything up to here is finished, as far as the sequence's ids tell.
std::int64_t Plan::finished_below() const {
  std::int64_t below = cursor_.position();
  if (const auto row = window_.lowest_unfinished()) below = std::min(below, before(*row));
  if (const auto held = lanes_.lowest_held()) below = std::min(below, before(*held));
  if (lowest_dropped_ <= below) below = before(lowest_dropped_);
  return below;
}

std::optional<std::int64_t> Plan::watermark() const {
  if (!source_is_open_ || !has_sequence_) return std::nullopt;
  if (is_mutated("watermark_ahead")) return cursor_.position();
  std::int64_t watermark = finished_below();
  if (const auto gap = cursor_.lowest_gap()) {
    if (*gap == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
    watermark = std::min(watermark, *gap - 1);
  }
  return watermark;
}

}  // namespace outbox_relay::core
