#include "core/gaps.h"

#include <algorithm>
#include <iterator>

#include "core/failpoint.h"

namespace outbox_relay::core {

std::optional<std::int64_t> Gaps::lowest() const {
  std::optional<std::int64_t> lowest;
  for (const Group& group : groups_) {
    const std::int64_t first = group.ranges.front().first;
    if (!lowest || first < *lowest) lowest = first;
  }
  return lowest;
}

std::vector<IdRange> Gaps::up_to(std::int64_t limit) const {
  std::vector<IdRange> result;
  for (const Group& group : groups_) {
    for (const IdRange& range : group.ranges) {
      if (range.first > limit) break;
      result.push_back({range.first, std::min(range.last, limit)});
    }
  }
  std::ranges::sort(result, {}, &IdRange::first);
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

void Gaps::add(std::vector<IdRange> found) {
  if (!found.empty()) groups_.push_back({std::move(found), std::nullopt});
}

void Gaps::clear() {
  groups_.clear();
  last_writers_.clear();
}

}  // namespace outbox_relay::core
