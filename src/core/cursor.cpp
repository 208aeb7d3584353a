#include "core/cursor.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace outbox_relay::core {

void Cursor::start(const SourceFacts& facts) {
  gaps_.clear();
  sweep_range_.reset();
  bottom_ = facts.before_first;
  if (!facts.watermark) {
    // A row below the lowest visible one may be about to be committed.
    gaps_.add({{std::numeric_limits<std::int64_t>::min(), facts.before_first}});
  }
  position_ = edge_ = horizon_ = facts.watermark.value_or(facts.before_first);
  target_ = std::max(facts.last_drawn, position_);
  is_sparse_ = false;
  sweep_position_ = bottom_;
}

void Cursor::rewind(std::int64_t id) {
  if (id > position_) return;
  target_ = std::max(target_, position_);
  position_ = edge_ = before(id);
  is_sparse_ = false;
  sweep_range_.reset();  // it may lie above now
}

std::optional<SurveyRequest> Cursor::next_survey() const {
  if (!is_sparse_ || !is_unsurveyed()) return std::nullopt;
  return SurveyRequest{.after = edge_, .up_to = target_, .max_rows = survey_rows};
}

void Cursor::surveyed(const Survey& survey) {
  assert(survey.surveyed > edge_ && survey.surveyed <= target_);
  std::vector<IdRange> unknown;
  for (const IdRange& gap : survey.gaps) {
    if (gap.last <= horizon_) continue;
    unknown.push_back({std::max(gap.first, horizon_ + 1), gap.last});
  }
  gaps_.add(std::move(unknown));
  edge_ = survey.surveyed;
  is_sparse_ = false;
  horizon_ = std::max(horizon_, edge_);
}

namespace {

// The parts of `range` that no gap covers, put among the gaps: ranges of one request must not overlap, and
// gaps must stay whole for `Gaps::settle`.
void add_between(std::vector<IdRange>& gaps, IdRange range) {
  std::vector<IdRange> parts;
  for (const IdRange& gap : gaps) {
    if (gap.last < range.first) continue;
    if (gap.first > range.last) break;
    if (gap.first > range.first) parts.push_back({range.first, gap.first - 1});
    range.first = gap.last + 1;
    if (range.first > range.last) break;
  }
  if (range.first <= range.last) parts.push_back(range);
  gaps.insert(gaps.end(), parts.begin(), parts.end());
  std::ranges::sort(gaps, {}, &IdRange::first);
}

// `count` ids further, but not beyond `limit`.
std::int64_t up_to_at_most(std::int64_t position, std::size_t count, std::int64_t limit) {
  const auto distance = static_cast<std::uint64_t>(limit) - static_cast<std::uint64_t>(position);
  return distance <= count ? limit : position + static_cast<std::int64_t>(count);
}

}  // namespace

FetchRequest Cursor::next_fetch(std::size_t max_rows) const {
  FetchRequest request;
  request.max_rows = max_rows;
  request.after = RowId{position_};
  if (is_unsurveyed()) {
    request.up_to = RowId{up_to_at_most(position_, max_rows, target_)};
  } else if (position_ < target_) {
    request.up_to = RowId{edge_};
  }
  request.gaps = gaps_.up_to(position_);
  request.read_writers = !gaps_.empty();
  if (sweep_range_) add_between(request.gaps, *sweep_range_);
  return request;
}

Absorbed Cursor::absorb(const FetchRequest& request, Fetched& fetched, const IsKnown& is_known) {
  auto& rows = fetched.page.rows;
  Absorbed absorbed;
  if (request.after->number() != position_) {
    rows.clear();
    sweep_range_.reset();
    absorbed.is_full = true;
    return absorbed;
  }
  const bool gaps_unfinished =
      fetched.rows_in_gaps == request.max_rows || (fetched.cut_before && fetched.rows_in_gaps == rows.size());
  std::int64_t covered = request.after->number();
  if (gaps_unfinished) {
    // More rows may follow in the gaps, and a row above them must not overtake an earlier one of its key:
    // what was read above is left for the next fetch.
    rows.resize(fetched.rows_in_gaps);
    covered = rows.empty() ? std::numeric_limits<std::int64_t>::min() : rows.back().id.number();
  }
  absorbed.is_full = gaps_unfinished || fetched.cut_before || rows.size() >= request.max_rows;
  if (rows.size() > request.max_rows) rows.resize(request.max_rows);  // each part of the page was within it
  const bool was_unsurveyed = is_unsurveyed();
  if (was_unsurveyed) keep_dense(request, fetched, absorbed);

  std::vector<IdRange> found;
  auto kept = rows.begin();
  for (auto row = rows.begin(); row != rows.end(); ++row) {
    const bool in_gap = row - rows.begin() < static_cast<std::ptrdiff_t>(fetched.rows_in_gaps);
    if (!(in_gap ? is_new_below(*row, is_known, absorbed) : is_new_above(*row, is_known, found))) continue;
    if (kept != row) *kept = std::move(*row);
    ++kept;
  }
  rows.erase(kept, rows.end());
  if (!absorbed.is_full && request.up_to) position_ = request.up_to->number();
  if (was_unsurveyed) edge_ = position_;

  if (fetched.writers) gaps_.settle(*fetched.writers, covered);
  gaps_.add(std::move(found));
  if (sweep_range_) {
    // What was cut off belongs to the next chunk, with a limit of its own: rows may leave the window
    // unpublished meanwhile.
    sweep_position_ = std::clamp(covered, sweep_position_, sweep_range_->last);
    sweep_range_.reset();
  }
  return absorbed;
}

// What lies behind the first missing id is left for a survey, and for the fetches after it.
void Cursor::keep_dense(const FetchRequest& request, Fetched& fetched, Absorbed& absorbed) {
  auto& rows = fetched.page.rows;
  const auto in_gaps = std::min(fetched.rows_in_gaps, rows.size());
  std::int64_t id = position_;
  const auto behind = std::find_if(rows.begin() + static_cast<std::ptrdiff_t>(in_gaps), rows.end(),
                                   [&id](const Row& row) { return row.id.number() != ++id; });
  const bool ends_early = behind == rows.end() && !absorbed.is_full && id < request.up_to->number();
  is_sparse_ = behind != rows.end() || ends_early;
  rows.erase(behind, rows.end());
  absorbed.is_full = absorbed.is_full || is_sparse_;
}

bool Cursor::is_new_below(const Row& row, const IsKnown& is_known, Absorbed& absorbed) {
  if (gaps_.fill(row.id.number())) return true;
  if (is_known(row)) return false;
  absorbed.late.push_back(row.id);
  return true;
}

bool Cursor::is_new_above(const Row& row, const IsKnown& is_known, std::vector<IdRange>& found) {
  const std::int64_t id = row.id.number();
  position_ = id;
  if (id <= horizon_) return gaps_.fill(id) || !is_known(row);
  if (id > horizon_ + 1) found.push_back({horizon_ + 1, id - 1});
  horizon_ = id;
  return id > target_ || !is_known(row);  // what an earlier session read may be in flight
}

std::optional<SurveyRequest> Cursor::next_sweep(std::int64_t limit) {
  limit = std::min(limit, position_);
  if (sweep_position_ >= limit) sweep_position_ = bottom_;
  if (sweep_position_ >= limit) return std::nullopt;
  return SurveyRequest{.after = sweep_position_, .up_to = limit, .max_rows = survey_rows};
}

void Cursor::swept(const Survey& survey) {
  sweep_range_ = IdRange{sweep_position_ + 1, survey.surveyed};
}

std::uint64_t Cursor::sweep_span(std::int64_t limit) const {
  limit = std::min(limit, position_);
  return limit > bottom_ ? static_cast<std::uint64_t>(limit) - static_cast<std::uint64_t>(bottom_) : 0;
}

}  // namespace outbox_relay::core
