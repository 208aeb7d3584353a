#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/finding.h"

namespace outbox_relay::core {

/// Ids that were drawn from the sequence but never seen: rolled back, or not committed yet.
///
/// A gap is *settled*, and dropped, when nobody can fill it any more. An INSERT takes its write lock on the
/// table before it draws the id, and releases it after its commit is visible. So whoever may still fill a gap
/// is among the writers read after the fetch that found it; when a later reading shows none of these, and a
/// fetch that started after that reading still lacks the id, it never comes.
///
/// (The popular rule, "settled when the snapshot's xmin has passed", is wrong: the id is drawn before the
/// transaction has an xid. It broke 25 times in 20 seconds of a test.)
class Gaps {
 public:
  [[nodiscard]] bool empty() const { return groups_.empty(); }
  [[nodiscard]] std::optional<std::int64_t> lowest() const;
  /// The gaps, cut off at `limit`, in ascending order.
  [[nodiscard]] std::vector<IdRange> up_to(std::int64_t limit) const;

  /// A row appeared. Whether it filled a gap.
  bool fill(std::int64_t id);
  /// To be called once for each fetch that followed a reading of the writers, after its rows have filled
  /// their gaps and before the gaps that it found are added. The fetch has read every gap up to `covered`.
  void settle(const Writers& writers, std::int64_t covered);
  /// Gaps found by one fetch or survey.
  void add(std::vector<IdRange> found);
  void clear();

  /// Whether there are so many that `join` may spare the server some.
  [[nodiscard]] bool are_many() const { return count() >= join_at_; }
  /// Joins those that lie so near each other that to walk over the ids between them costs no more than to
  /// search once more. Every row up to `finished_below` must be finished: what a fetch then finds between two
  /// gaps has become pending again, or was committed where no gap was known, and is as new as a row in a gap.
  void join(std::int64_t finished_below);
  /// How many sets of possible writers are remembered; to be asked by tests.
  [[nodiscard]] std::size_t groups() const { return groups_.size(); }

 private:
  /// Gaps with the same possible writers.
  struct Group {
    std::vector<IdRange> ranges;                      ///< ascending
    std::optional<std::vector<std::string>> writers;  ///< who may still fill them; nothing: not read yet
  };

  static constexpr std::size_t many = 1000;

  void narrow(Group& group, const Writers& now) const;
  void merge_neighbours();
  [[nodiscard]] std::size_t count() const;

  std::vector<Group> groups_;              ///< in the order they were found
  std::size_t join_at_ = many;             ///< as many gaps
  std::vector<std::string> last_writers_;  ///< of the previous reading, sorted
};

}  // namespace outbox_relay::core
