#include "core/lanes.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

#include "core/failpoint.h"

namespace outbox_relay::core {

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

std::variant<Lanes::Passage, Failure> Lanes::pass(InFlight& row, TimePoint now) {
  Topic& target = topic(row.topic);
  switch (target.state) {
    case TopicState::unknown:
    case TopicState::looking_up:
      target.waiting.push_back(&row);
      return Passage::wait;
    case TopicState::held:
      if (gives_up(row.topic, now)) {
        Failure failure = target.failure;
        failure.remedy = Remedy::park;
        return failure;
      }
      if (target.kept == nullptr) static_cast<void>(keep(row, target.failure));
      return target.kept == &row ? Passage::wait : Passage::leave;
    case TopicState::trial:
      if (target.kept != &row) return Passage::leave;
      break;
    case TopicState::open:
      break;
  }
  return Passage::go_on;
}

// By what is counted of a record without compression; about a hundred bytes are the batch's own.
bool Lanes::looks_too_large(const InFlight& row) const {
  constexpr Bytes batch_overhead{100};
  constexpr Bytes header_overhead{8};
  const auto& limit = topics_[static_cast<std::size_t>(row.topic)].largest_record;
  if (!limit) return false;
  const auto size = [](const Value& value) { return Bytes{value ? value->size() : 0}; };
  const Row& content = *row.row;
  Bytes sum = batch_overhead + size(content.key) + size(content.payload) + size(content.headers) +
              Bytes{content.message_id.size()};
  for (const HeaderRule& header : routing_->headers) sum += Bytes{header.name.size()} + header_overhead;
  for (const Value& attribute : content.attributes) sum += size(attribute);
  return sum > *limit;
}

std::variant<Lanes::Passage, Failure> Lanes::line_up(InFlight& row, TimePoint now) {
  Topic& target = topic(row.topic);
  auto partition = partition_for(row, static_cast<std::int32_t>(target.lanes.size()));
  if (auto* failure = std::get_if<Failure>(&partition)) return std::move(*failure);
  row.partition = std::get<std::int32_t>(partition);
  Lane& lane = target.lanes[static_cast<std::size_t>(row.partition)];
  if (lane.is_on_trial && lane.gate == Gate::probing) return Passage::leave;
  if (row.is_suspect) return Passage::go_on;
  if (lane.gate == Gate::open && lane.published == 0 && now - lane.last_ack > idle_limit)
    lane.gate = Gate::closed;
  if (is_mutated("no_gate")) lane.gate = Gate::open;
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
  return Passage::go_on;
}

// A dead letter's topic has partitions of its own, which the column does not know.
std::variant<std::int32_t, Failure> Lanes::partition_for(const InFlight& row, std::int32_t partitions) const {
  const Value& key = row.row->key;
  if (!routing_->partition || row.dead_letter) return partition_of_(key, partitions);
  const Value& value = row.row->attributes[*routing_->partition];
  if (!value) return partition_of_(key, partitions);
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

void Lanes::handed_over(TimePoint now) {
  InFlight& row = *ready_.front();
  ready_.pop_front();
  Lane& lane = *lane_of(row);
  if (lane.published++ == 0) lane.last_report = now;
}

void Lanes::drop_next() {
  const InFlight& row = *ready_.front();
  ready_.pop_front();
  leave_ready(row);
}

// When a row was to be the first of its partition, the next one takes its turn.
void Lanes::leave_ready(const InFlight& row) {
  Lane& lane = *lane_of(row);
  if (lane.gate != Gate::probing || lane.published > 0) return;
  if (lane.waiting.empty()) return close_gate(row.topic, lane);
  ready_.push_back(lane.waiting.front());
  lane.waiting.pop_front();
}

void Lanes::close_gate(TopicId topic, Lane& lane) {
  if (lane.is_on_trial && lane.gate == Gate::probing) untried_.push_back(topic);
  lane.gate = Gate::closed;
}

std::size_t Lanes::count_key(const OrderingKey& key) {
  const auto is_of = [&key](const InFlight* row) { return ordering_key(*row) == key; };
  auto count = std::ranges::count_if(ready_, is_of);
  for (const Lane& lane : topic(key.topic).lanes) count += std::ranges::count_if(lane.waiting, is_of);
  return static_cast<std::size_t>(count);
}

std::vector<InFlight*> Lanes::take_key(const OrderingKey& key) {
  std::vector<InFlight*> taken;
  const auto take = [&taken, &key](InFlight* row) {
    if (ordering_key(*row) != key) return false;
    taken.push_back(row);
    return true;
  };
  const auto from_ready = std::erase_if(ready_, take);
  Topic& its_topic = topic(key.topic);
  for (Lane& lane : its_topic.lanes) std::erase_if(lane.waiting, take);
  std::erase_if(its_topic.waiting, take);
  for (std::size_t at = 0; at < from_ready; ++at) leave_ready(*taken[at]);
  return taken;
}

bool Lanes::acknowledged(const InFlight& row, TimePoint now) {
  Lane* lane = lane_of(row);
  if (lane == nullptr) return false;
  lane->last_ack = lane->last_report = now;
  lane->silent_at.reset();
  if (lane->published > 0) --lane->published;
  if (lane->gate != Gate::probing) return false;
  lane->gate = Gate::open;
  ready_.insert(ready_.end(), lane->waiting.begin(), lane->waiting.end());
  lane->waiting.clear();
  return std::exchange(lane->is_on_trial, false);
}

bool Lanes::took(const InFlight& row, TimePoint now) {
  last_taken_ = now;
  if (Lane* lane = lane_of(row)) lane->last_taken = now;
  Topic& its_topic = topic(row.topic);
  if (its_topic.kept != &row) return false;
  its_topic.kept = nullptr;
  if (its_topic.state != TopicState::trial) return false;
  its_topic.state = TopicState::open;
  its_topic.backoff.reset();
  return true;
}

bool Lanes::has_taken_since(const InFlight& row, TimePoint moment) {
  const Lane* lane = lane_of(row);
  return lane != nullptr && lane->last_taken > moment;
}

void Lanes::failed(const InFlight& row, TimePoint now) {
  Lane* lane = lane_of(row);
  if (lane == nullptr) return;
  lane->last_report = now;
  lane->silent_at.reset();
  if (lane->published > 0) --lane->published;
}

void Lanes::producer_replaced() {
  for (std::size_t index = 0; index < topics_.size(); ++index) {
    Topic& each = topics_[index];
    each.waiting.clear();
    if (each.state == TopicState::held) each.kept = nullptr;
    for (Lane& lane : each.lanes) {
      close_gate(static_cast<TopicId>(index), lane);
      Lane fresh;
      fresh.last_taken = lane.last_taken;
      fresh.is_on_trial = lane.is_on_trial;
      lane = std::move(fresh);
    }
  }
  ready_.clear();
}

void Lanes::drop_waiting() {
  for (std::size_t index = 0; index < topics_.size(); ++index) {
    Topic& each = topics_[index];
    each.waiting.clear();
    if (each.kept != nullptr && each.kept->stage == Stage::waiting) give_up(*each.kept);
    for (Lane& lane : each.lanes) {
      lane.waiting.clear();
      if (lane.gate == Gate::probing && lane.published == 0) close_gate(static_cast<TopicId>(index), lane);
    }
  }
  ready_.clear();
}

}  // namespace outbox_relay::core
