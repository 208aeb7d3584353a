#include "core/gaps.h"

#include <algorithm>
#include <iterator>

#include "core/failpoint.h"

namespace outbox_relay::core {

namespace {

/// About so many rows are walked over in the time of one search of the index. Joining what is further apart
/// would bound what is sent, and not what the server does: a writer that stays open for an hour has it walk
/// over all ids of that hour with each fetch.
constexpr std::uint64_t walked_for_a_search = 8;

// Mostly they are in order.
void sort(std::vector<IdRange>& ranges) {
  if (!std::ranges::is_sorted(ranges, {}, &IdRange::first)) std::ranges::sort(ranges, {}, &IdRange::first);
}

std::uint64_t ids_between(const IdRange& one, const IdRange& next) {
  return static_cast<std::uint64_t>(next.first) - static_cast<std::uint64_t>(one.last) - 1;
}

}  // namespace

std::optional<std::int64_t> Gaps::lowest() const {
  std::optional<std::int64_t> lowest;
  for (const Group& group : groups_) lower(lowest, group.ranges.front().first);
  return lowest;
}

std::size_t Gaps::count() const {
  std::size_t count = 0;
  for (const Group& group : groups_) count += group.ranges.size();
  return count;
}

std::vector<IdRange> Gaps::up_to(std::int64_t limit) const {
  std::vector<IdRange> result;
  for (const Group& group : groups_) {
    for (const IdRange& range : group.ranges) {
      if (range.first > limit) break;
      result.push_back({range.first, std::min(range.last, limit)});
    }
  }
  sort(result);
  return result;
}

bool Gaps::fill(std::int64_t id) {
  for (auto group = groups_.begin(); group != groups_.end(); ++group) {
    auto& ranges = group->ranges;
    const auto range = std::ranges::lower_bound(ranges, id, {}, &IdRange::last);
    if (range == ranges.end() || id < range->first) continue;
    const IdRange old = *range;
    if (old.first == old.last) {
      ranges.erase(range);
      if (ranges.empty()) groups_.erase(group);
    } else if (id == old.first) {
      ++range->first;
    } else if (id == old.last) {
      --range->last;
    } else {
      range->last = id - 1;
      ranges.insert(std::next(range), IdRange{id + 1, old.last});
    }
    return true;
  }
  return false;
}

void Gaps::settle(const Writers& writers, std::int64_t covered) {
  Writers now = writers;
  if (is_mutated("gaps_by_guess")) now.transactions.clear();
  std::ranges::sort(now.transactions);
  for (Group& group : groups_) {
    if (group.writers) {
      narrow(group, now);
    } else {
      group.writers = now.transactions;
    }
    if (group.writers->empty()) {
      std::erase_if(group.ranges, [covered](const IdRange& range) { return range.last <= covered; });
    }
  }
  std::erase_if(groups_, [](const Group& group) { return group.ranges.empty(); });
  merge_neighbours();
  join_at_ = std::min(join_at_, std::max(many, 2 * count()));
  last_writers_ = std::move(now.transactions);
}

// PREPARE TRANSACTION may hand a writer's locks to a name of its own. So when a possible writer is gone,
// every prepared transaction that has appeared since the previous reading may be it.
void Gaps::narrow(Group& group, const Writers& now) const {
  std::vector<std::string> left;
  std::ranges::set_intersection(*group.writers, now.transactions, std::back_inserter(left));
  if (left.size() < group.writers->size()) {
    const auto middle = static_cast<std::ptrdiff_t>(left.size());
    for (const std::string& transaction : now.transactions) {
      if (!Writers::is_prepared(transaction)) continue;
      if (std::ranges::binary_search(last_writers_, transaction)) continue;
      if (std::binary_search(left.begin(), left.begin() + middle, transaction)) continue;
      left.push_back(transaction);
    }
    std::ranges::sort(left);
  }
  group.writers = std::move(left);
}

// While one transaction stays open each fetch adds a group, and soon it is the only writer left of all of
// them. Whoever is left of a group's writers was there when the next one was found, too: so equal ones are
// neighbours.
void Gaps::merge_neighbours() {
  if (groups_.empty()) return;
  auto kept = groups_.begin();
  for (auto group = std::next(kept); group != groups_.end(); ++group) {
    if (group->writers == kept->writers) {
      kept->ranges.insert(kept->ranges.end(), group->ranges.begin(), group->ranges.end());
      sort(kept->ranges);
    } else if (++kept != group) {
      *kept = std::move(*group);
    }
  }
  groups_.erase(std::next(kept), groups_.end());
}

// The joined ones are settled together, when none of the writers of any of them is left: later than each
// might have been, but never too early.
void Gaps::join(std::int64_t finished_below) {
  Group joined{.ranges = {}, .writers = std::vector<std::string>{}};
  for (Group& group : groups_) {
    if (!group.writers) continue;
    const auto rest = std::ranges::find_if(
        group.ranges, [finished_below](const IdRange& range) { return range.last > finished_below; });
    if (rest == group.ranges.begin()) continue;
    joined.ranges.insert(joined.ranges.end(), group.ranges.begin(), rest);
    group.ranges.erase(group.ranges.begin(), rest);
    std::vector<std::string> writers;
    std::ranges::set_union(*joined.writers, *group.writers, std::back_inserter(writers));
    joined.writers = std::move(writers);
  }
  std::erase_if(groups_, [](const Group& group) { return group.ranges.empty(); });
  if (!joined.ranges.empty()) {
    auto& ranges = joined.ranges;
    sort(ranges);
    auto last = ranges.begin();
    for (auto range = std::next(last); range != ranges.end(); ++range) {
      if (ids_between(*last, *range) <= walked_for_a_search) {
        last->last = range->last;
      } else {
        *++last = *range;
      }
    }
    ranges.erase(std::next(last), ranges.end());
    groups_.insert(groups_.begin(), std::move(joined));
  }
  join_at_ = std::max(many, 2 * count());
}

void Gaps::add(std::vector<IdRange> found) {
  if (!found.empty()) groups_.push_back({std::move(found), std::nullopt});
}

void Gaps::clear() {
  groups_.clear();
  last_writers_.clear();
  join_at_ = many;
}

}  // namespace outbox_relay::core
