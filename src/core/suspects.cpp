#include "core/suspects.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace outbox_relay::core {

void Suspects::accuse(InFlight& row, std::size_t ahead) {
  row.is_suspect = true;
  if (const auto key = ordering_key(row)) {
    assert(!are_of(*key));
    keys_.try_emplace(StoredOrderingKey{*key}, Suspected{&row, ahead, {}});
    if (ahead > 0) return;
  }
  ready_.push_back(&row);
}

void Suspects::settled_ahead(const InFlight& row) {
  if (keys_.empty()) return;
  const auto key = ordering_key(row);
  if (!key) return;
  const auto found = keys_.find(*key);
  if (found == keys_.end() || found->second.ahead == 0) return;
  if (--found->second.ahead == 0) ready_.push_back(found->second.suspect);
}

void Suspects::wait_behind(InFlight& row) {
  keys_.find(*ordering_key(row))->second.behind.push_back(&row);
}

InFlight* Suspects::next(TimePoint now) const {
  return out_ != nullptr || ready_.empty() || now < not_before_ ? nullptr : ready_.front();
}

void Suspects::handed_over() {
  out_ = ready_.front();
  ready_.pop_front();
}

std::optional<TimePoint> Suspects::next_attempt(TimePoint now) const {
  if (out_ != nullptr || ready_.empty() || not_before_ <= now) return std::nullopt;
  return not_before_;
}

std::vector<InFlight*> Suspects::settled() {
  backoff_.reset();
  not_before_ = {};
  const InFlight& row = *std::exchange(out_, nullptr);
  const auto key = ordering_key(row);
  if (!key) return {};
  const auto found = keys_.find(*key);
  std::vector<InFlight*> released{found->second.behind.begin(), found->second.behind.end()};
  keys_.erase(found);
  return released;
}

void Suspects::postponed(Turn turn, TimePoint now) {
  not_before_ = now + backoff_.next();
  if (out_ == nullptr) return;
  InFlight* const row = std::exchange(out_, nullptr);
  turn == Turn::first ? ready_.push_front(row) : ready_.push_back(row);
}

std::vector<InFlight*> Suspects::take_key(const OrderingKey& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end() || found->second.suspect == out_) return {};
  std::vector<InFlight*> taken{found->second.suspect};
  taken.insert(taken.end(), found->second.behind.begin(), found->second.behind.end());
  std::erase(ready_, found->second.suspect);
  keys_.erase(found);
  return taken;
}

std::vector<InFlight*> Suspects::take_topic(TopicId topic) {
  std::vector<InFlight*> taken;
  std::erase_if(ready_, [&](InFlight* row) {
    if (row->topic != topic) return false;
    if (!ordering_key(*row)) taken.push_back(row);
    return true;
  });
  for (auto entry = keys_.begin(); entry != keys_.end();) {
    Suspected& suspected = entry->second;
    const bool is_out = suspected.suspect == out_;
    if (entry->first.topic == topic) {
      if (!is_out) taken.push_back(suspected.suspect);
      taken.insert(taken.end(), suspected.behind.begin(), suspected.behind.end());
      suspected.behind.clear();
    }
    entry = entry->first.topic == topic && !is_out ? keys_.erase(entry) : std::next(entry);
  }
  return taken;
}

void Suspects::drop_waiting() {
  ready_.clear();
  for (auto entry = keys_.begin(); entry != keys_.end();) {
    entry->second.behind.clear();
    entry = entry->second.suspect != out_ ? keys_.erase(entry) : std::next(entry);
  }
}

}  // namespace outbox_relay::core
