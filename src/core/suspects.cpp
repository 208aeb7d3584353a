#include "core/suspects.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace outbox_relay::core {

namespace {

Bytes size_of(const InFlight& row) {
  return Bytes{row.row->key.value_or("").size() + row.row->payload.value_or("").size() +
               row.row->headers.value_or("").size()};
}

}  // namespace

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

bool Suspects::wait_behind(InFlight& row, const Window::Limits& most) {
  Suspected& suspected = keys_.find(*ordering_key(row))->second;
  suspected.has_left = suspected.has_left || rows_behind_ >= most.rows || bytes_behind_ >= most.bytes;
  if (suspected.has_left) return false;
  suspected.behind.push_back(&row);
  ++rows_behind_;
  bytes_behind_ += size_of(row);
  return true;
}

std::vector<InFlight*> Suspects::take_behind(Suspected& suspected) {
  std::vector<InFlight*> taken{suspected.behind.begin(), suspected.behind.end()};
  suspected.behind.clear();
  rows_behind_ -= taken.size();
  for (const InFlight* row : taken) bytes_behind_ -= size_of(*row);
  return taken;
}

Suspects::Keys::iterator Suspects::forget(Keys::iterator key) {
  if (key->second.has_left) topics_with_left_.push_back(key->first.topic);
  return keys_.erase(key);
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
  auto released = take_behind(found->second);
  forget(found);
  return released;
}

void Suspects::postponed(TimePoint now) {
  not_before_ = now + backoff_.next();
  if (out_ != nullptr) ready_.push_back(std::exchange(out_, nullptr));
}

std::vector<InFlight*> Suspects::take_key(const OrderingKey& key) {
  const auto found = keys_.find(key);
  if (found == keys_.end() || found->second.suspect == out_) return {};
  std::vector<InFlight*> taken{found->second.suspect};
  const auto behind = take_behind(found->second);
  taken.insert(taken.end(), behind.begin(), behind.end());
  std::erase(ready_, found->second.suspect);
  forget(found);
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
      const auto behind = take_behind(suspected);
      taken.insert(taken.end(), behind.begin(), behind.end());
      suspected.has_left = suspected.has_left || !behind.empty();
    }
    entry = entry->first.topic == topic && !is_out ? forget(entry) : std::next(entry);
  }
  return taken;
}

void Suspects::drop_waiting() {
  ready_.clear();
  for (auto entry = keys_.begin(); entry != keys_.end();) {
    static_cast<void>(take_behind(entry->second));
    entry = entry->second.suspect != out_ ? forget(entry) : std::next(entry);
  }
}

}  // namespace outbox_relay::core
