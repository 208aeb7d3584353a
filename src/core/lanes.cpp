#include "core/lanes.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

namespace outbox_relay::core {

namespace {

constexpr std::chrono::milliseconds first_lookup_delay{500};
constexpr std::chrono::milliseconds longest_lookup_delay{10'000};

}  // namespace

Lanes::Topic& Lanes::topic(TopicId id) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= topics_.size()) topics_.resize(index + 1);
  return topics_[index];
}

// Nothing when the topic came back with fewer partitions.
Lanes::Lane* Lanes::lane_of(const InFlight& row) {
  auto& lanes = topic(row.topic).lanes;
  const auto index = static_cast<std::size_t>(row.partition);
  return index < lanes.size() ? &lanes[index] : nullptr;
}

bool Lanes::Topic::can_be_looked_up() const {
  return state == TopicState::held &&
         std::ranges::all_of(lanes, [](const Lane& lane) { return lane.published == 0; });
}

std::variant<Lanes::Outcome, Failure> Lanes::enqueue(InFlight& row, TimePoint now) {
  Topic& target = topic(row.topic);
  switch (target.state) {
    case TopicState::unknown:
    case TopicState::looking_up:
      target.waiting.push_back(&row);
      return Outcome::waiting;
    case TopicState::held:
      return Outcome::held;
    case TopicState::open:
      break;
  }
  if (auto failure = into_lane(target, row, now)) return *std::move(failure);
  return Outcome::waiting;
}

std::optional<Failure> Lanes::into_lane(Topic& target, InFlight& row, TimePoint now) {
  auto partition = partition_for(*row.row, static_cast<std::int32_t>(target.lanes.size()));
  if (auto* failure = std::get_if<Failure>(&partition)) return std::move(*failure);
  row.partition = std::get<std::int32_t>(partition);
  Lane& lane = target.lanes[static_cast<std::size_t>(row.partition)];
  if (lane.gate == Gate::open && lane.published == 0 && now - lane.last_ack > idle_limit)
    lane.gate = Gate::closed;
  switch (lane.gate) {
    case Gate::open:
      ready_.push_back(&row);
      break;
    case Gate::probing:
      lane.waiting.push_back(&row);
      break;
    case Gate::closed:
      lane.gate = Gate::probing;
      ready_.push_back(&row);
      break;
  }
  return std::nullopt;
}

std::variant<std::int32_t, Failure> Lanes::partition_for(const Row& row, std::int32_t partitions) const {
  if (!routing_->partition) return partition_of_(row.key, partitions);
  const Value& value = row.attributes[*routing_->partition];
  if (!value) return partition_of_(row.key, partitions);
  std::int32_t partition = -1;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), partition);
  if (error != std::errc{} || end != value->data() + value->size() || partition < 0 ||
      partition >= partitions) {
    return Failure{
        Reason::invalid_partition, Remedy::park,
        "the partition column names none of the topic's " + std::to_string(partitions) + " partitions",
        "write a number from 0 to " + std::to_string(partitions - 1) +
            ", or NULL for the partition of the key"};
  }
  return partition;
}

void Lanes::handed_over() {
  InFlight& row = *ready_.front();
  ready_.pop_front();
  ++lane_of(row)->published;
}

void Lanes::drop_next() {
  InFlight& row = *ready_.front();
  ready_.pop_front();
  Lane& lane = *lane_of(row);
  if (lane.gate != Gate::probing || lane.published > 0) return;
  // It was to be the first of its partition, so the next one takes its turn.
  if (lane.waiting.empty()) {
    lane.gate = Gate::closed;
    return;
  }
  ready_.push_back(lane.waiting.front());
  lane.waiting.pop_front();
}

void Lanes::acknowledged(const InFlight& row, TimePoint now) {
  Lane* lane = lane_of(row);
  if (lane == nullptr) return;
  lane->last_ack = now;
  if (lane->published > 0) --lane->published;
  if (lane->gate != Gate::probing) return;
  lane->gate = Gate::open;
  ready_.insert(ready_.end(), lane->waiting.begin(), lane->waiting.end());
  lane->waiting.clear();
}

void Lanes::failed(const InFlight& row) {
  Lane* lane = lane_of(row);
  if (lane != nullptr && lane->published > 0) --lane->published;
}

void Lanes::producer_replaced() {
  for (Topic& each : topics_) {
    each.waiting.clear();
    for (Lane& lane : each.lanes) lane = Lane{};
  }
  ready_.clear();
}

void Lanes::drop_waiting() {
  for (Topic& each : topics_) {
    each.waiting.clear();
    for (Lane& lane : each.lanes) {
      lane.waiting.clear();
      if (lane.gate == Gate::probing && lane.published == 0) lane.gate = Gate::closed;
    }
  }
  ready_.clear();
}

std::vector<TopicId> Lanes::take_lookups(TimePoint now) {
  std::vector<TopicId> result;
  for (std::size_t index = 0; index < topics_.size(); ++index) {
    Topic& each = topics_[index];
    const bool is_new = each.state == TopicState::unknown && !each.waiting.empty();
    const bool is_due = each.can_be_looked_up() && each.look_up_at <= now;
    if (!is_new && !is_due) continue;
    if (is_new) each.state = TopicState::looking_up;
    if (is_due) each.look_up_at = TimePoint::max();  // until the answer
    result.push_back(static_cast<TopicId>(index));
  }
  return result;
}

std::optional<TimePoint> Lanes::next_lookup() const {
  std::optional<TimePoint> next;
  for (const Topic& each : topics_) {
    if (!each.can_be_looked_up()) continue;
    if (!next || each.look_up_at < *next) next = each.look_up_at;
  }
  return next;
}

Lanes::Reopened Lanes::topic_opened(TopicId id, std::int32_t partitions, TimePoint now) {
  assert(partitions > 0);
  Topic& opened = topic(id);
  Reopened result{.was_held = opened.state == TopicState::held, .lowest = opened.lowest_held, .refused = {}};
  const bool was_open = opened.state == TopicState::open;
  opened.state = TopicState::open;
  opened.lowest_held.reset();
  opened.backoff.reset();
  const auto count = static_cast<std::size_t>(partitions);
  if (!was_open || count > opened.lanes.size()) opened.lanes.resize(count);
  const auto waiting = std::exchange(opened.waiting, {});
  for (InFlight* row : waiting) {
    if (auto failure = into_lane(opened, *row, now)) result.refused.push_back(*std::move(failure));
  }
  return result;
}

std::vector<InFlight*> Lanes::topic_closed(TopicId id, Failure failure, TimePoint now) {
  Topic& closed = topic(id);
  const bool is_news = closed.state != TopicState::held || closed.look_up_at == TimePoint::max();
  closed.state = TopicState::held;
  closed.failure = std::move(failure);
  if (!closed.backoff) closed.backoff.emplace(random_, first_lookup_delay, longest_lookup_delay);
  if (is_news) closed.look_up_at = now + closed.backoff->next();  // a thousand failed rows are one occasion

  std::vector<InFlight*> leaving = std::exchange(closed.waiting, {});
  for (Lane& lane : closed.lanes) {
    leaving.insert(leaving.end(), lane.waiting.begin(), lane.waiting.end());
    lane.waiting.clear();
    lane.gate = Gate::closed;
  }
  std::erase_if(ready_, [id, &leaving](InFlight* row) {
    if (row->topic != id) return false;
    leaving.push_back(row);
    return true;
  });
  for (const InFlight* row : leaving) hold(*row);
  return leaving;
}

void Lanes::hold(const InFlight& row) {
  auto& lowest = topic(row.topic).lowest_held;
  if (!lowest || row.row->id < *lowest) lowest = row.row->id;
}

std::size_t Lanes::held_topics() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(topics_, [](const Topic& each) { return each.state == TopicState::held; }));
}

std::optional<std::int64_t> Lanes::lowest_held() const {
  std::optional<std::int64_t> lowest;
  for (const Topic& each : topics_) {
    if (!each.lowest_held) continue;
    const std::int64_t id = each.lowest_held->number();
    if (!lowest || id < *lowest) lowest = id;
  }
  return lowest;
}

const Failure* Lanes::held_because(TopicId id) const {
  const auto index = static_cast<std::size_t>(id);
  if (index >= topics_.size() || topics_[index].state != TopicState::held) return nullptr;
  return &topics_[index].failure;
}

// A topic that a template names may be on its way; one that the configuration names is a mistake somewhere.
bool Lanes::needs_operator() const {
  return std::ranges::any_of(topics_, [this](const Topic& each) {
    return each.state == TopicState::held &&
           (each.failure.reason == Reason::authorization || routing_->topic.is_constant());
  });
}

}  // namespace outbox_relay::core
