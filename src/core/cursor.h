#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/finding.h"
#include "core/gaps.h"

namespace outbox_relay::core {

/// Whether a row that a fetch returned is known already: in the window, or completed while the fetch was
/// under way.
using IsKnown = std::function<bool(const Row&)>;

/// What became of a fetched page: `fetched.page` holds only new rows afterwards.
struct Absorbed {
  bool is_full = false;     ///< more rows are waiting behind the page
  std::vector<RowId> late;  ///< rows that no rule but the background sweep has found
};

/// Where to look for pending rows of an outbox whose ids are drawn from a sequence.
///
///      sent, not looked at again        read         gaps known         never looked at
///     ─────────────────────────────┼─────────────┼────────────────┼───────────────────────▶ id
///                              watermark      position         horizon
///
/// In steady state position and horizon are the highest id fetched. Behind a start (or a rewind) the position
/// runs through the stretch up to `target` in short steps, as long as no id is missing: a backlog. At the
/// first that is, a *survey* measures what comes next, because a fetch must neither walk over an unbounded
/// number of sent rows nor take the ids of sent rows for gaps.
class Cursor {
 public:
  /// How many ids one survey may walk over [50 000: 19 ms].
  static constexpr std::size_t survey_rows = 50'000;

  void start(const SourceFacts& facts);
  /// Read again from `id`, because rows from there on have left the window unpublished.
  void rewind(std::int64_t id);

  /// The survey that must come before the next fetch, if any.
  [[nodiscard]] std::optional<SurveyRequest> next_survey() const;
  void surveyed(const Survey& survey);

  /// The next fetch, of a page of so many rows; other sizes are the caller's to fill in.
  [[nodiscard]] FetchRequest next_fetch(std::size_t max_rows) const;
  /// Whether the next fetch may return rows that were returned before.
  [[nodiscard]] bool may_repeat() const { return is_catching_up() || sweep_range_.has_value(); }
  /// Takes in what a fetch found. Nothing of it when the cursor was rewound meanwhile: rows from the rewound
  /// stretch come first.
  Absorbed absorb(const FetchRequest& request, Fetched& fetched, const IsKnown& is_known);

  /// Whether the stretch up to `target` is still being read.
  [[nodiscard]] bool is_catching_up() const { return position_ < target_; }
  [[nodiscard]] std::int64_t position() const { return position_; }
  [[nodiscard]] std::optional<std::int64_t> lowest_gap() const { return gaps_.lowest(); }
  [[nodiscard]] bool has_many_gaps() const { return gaps_.are_many(); }
  void join_gaps(std::int64_t finished_below) { gaps_.join(finished_below); }

  // The background sweep: the net beneath all that (ids set by hand, drawn in blocks by an ORM, CACHE > 1,
  // CYCLE). A survey measures its next chunk, and the next fetch reads the chunk as if it were a gap.

  /// The survey of the sweep's next chunk; nothing when there is nothing below `limit` to sweep.
  [[nodiscard]] std::optional<SurveyRequest> next_sweep(std::int64_t limit);
  void swept(const Survey& survey);
  /// How many ids a round of the sweep spans.
  [[nodiscard]] std::uint64_t sweep_span(std::int64_t limit) const;

 private:
  [[nodiscard]] bool is_unsurveyed() const { return position_ >= edge_ && position_ < target_; }
  void keep_dense(const FetchRequest& request, Fetched& fetched, Absorbed& absorbed);
  bool is_new_below(const Row& row, const IsKnown& is_known, Absorbed& absorbed);
  bool is_new_above(const Row& row, const IsKnown& is_known, std::vector<IdRange>& found);

  Gaps gaps_;
  std::int64_t bottom_ = 0;    ///< below the lowest id that existed at the start
  std::int64_t position_ = 0;  ///< everything up to here was read
  std::int64_t edge_ = 0;      ///< below `target_`: as far as is known which ids exist
  std::int64_t target_ = 0;    ///< beyond this id no survey is needed
  bool is_sparse_ = false;     ///< ids are missing behind the edge: a survey comes before the next fetch
  std::int64_t horizon_ = 0;   ///< up to here the gaps are known
  std::int64_t sweep_position_ = 0;
  std::optional<IdRange> sweep_range_;
};

}  // namespace outbox_relay::core
