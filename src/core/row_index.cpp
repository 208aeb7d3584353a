#include "core/row_index.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>

#include "core/window.h"

namespace outbox_relay::core {

namespace {

constexpr std::size_t most_buckets = std::size_t{1} << 16;

std::uint64_t number_of(const RowId& id) {
  if (id.text().empty()) return static_cast<std::uint64_t>(id.number());
  return std::hash<std::string>{}(id.text());
}

}  // namespace

RowIndex::RowIndex(std::size_t rows)
    : bits_(std::countr_zero(std::bit_ceil(std::clamp<std::size_t>(rows, 2, most_buckets)))) {}

// Fibonacci hashing: ids that are drawn in steps of a round number spread as well.
std::size_t RowIndex::bucket_of(const RowId& id) const {
  constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15;
  return static_cast<std::size_t>((number_of(id) * golden_ratio) >>
                                  (std::numeric_limits<std::uint64_t>::digits - bits_));
}

void RowIndex::add(InFlight& row) {
  if (buckets_.empty()) buckets_.resize(std::size_t{1} << bits_);
  InFlight*& first = buckets_[bucket_of(row.row->id)];
  row.next_in_index = first;
  first = &row;
}

void RowIndex::remove(const InFlight& row) {
  InFlight** link = &buckets_[bucket_of(row.row->id)];
  while (*link != &row) link = &(*link)->next_in_index;
  *link = row.next_in_index;
}

bool RowIndex::contains(const Row& row) const {
  if (buckets_.empty()) return false;
  for (const InFlight* each = buckets_[bucket_of(row.id)]; each != nullptr; each = each->next_in_index) {
    if (same_message(*each->row, row)) return true;
  }
  return false;
}

std::size_t RowIndex::longest_search() const {
  std::size_t longest = 0;
  for (const InFlight* first : buckets_) {
    std::size_t steps = 0;
    for (const InFlight* each = first; each != nullptr; each = each->next_in_index) ++steps;
    longest = std::max(longest, steps);
  }
  return longest;
}

}  // namespace outbox_relay::core
