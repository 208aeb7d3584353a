#include "core/lanes.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

#include "core/failpoint.h"

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

std::variant<Lanes::Passage, Failure> Lanes::pass(InFlight& row, TimePoint now) {
  Topic& target = topic(row.topic);
  switch (target.state) {
    case TopicState::unknown:
    case TopicState::looking_up:
      target.waiting.push_back(&row);
      return Passage::wait;
    case TopicState::held:
      if (const auto end = given_up_at(target); end && *end <= now) {
        Failure failure = target.failure;
        failure.remedy = Remedy::park;
        return failure;
      }
      return Passage::leave;
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

std::optional<Failure> Lanes::line_up(InFlight& row, TimePoint now) {
  Topic& target = topic(row.topic);
  auto partition = partition_for(row, static_cast<std::int32_t>(target.lanes.size()));
  if (auto* failure = std::get_if<Failure>(&partition)) return std::move(*failure);
  row.partition = std::get<std::int32_t>(partition);
  if (row.is_suspect) return std::nullopt;
  Lane& lane = target.lanes[static_cast<std::size_t>(row.partition)];
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
  return std::nullopt;
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

void Lanes::handed_over() {
  InFlight& row = *ready_.front();
  ready_.pop_front();
  ++lane_of(row)->published;
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
  if (lane.waiting.empty()) {
    lane.gate = Gate::closed;
    return;
  }
  ready_.push_back(lane.waiting.front());
  lane.waiting.pop_front();
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

void Lanes::took(const InFlight& row, TimePoint now) {
  if (Lane* lane = lane_of(row)) lane->last_taken = now;
}

bool Lanes::has_taken_since(const InFlight& row, TimePoint moment) {
  const Lane* lane = lane_of(row);
  return lane != nullptr && lane->last_taken > moment;
}

void Lanes::failed(const InFlight& row) {
  Lane* lane = lane_of(row);
  if (lane != nullptr && lane->published > 0) --lane->published;
}

void Lanes::producer_replaced() {
  for (Topic& each : topics_) {
    each.waiting.clear();
    for (Lane& lane : each.lanes) lane = Lane{.waiting = {}, .last_ack = {}, .last_taken = lane.last_taken};
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

std::optional<TimePoint> Lanes::next_lookup(TimePoint now) const {
  std::optional<TimePoint> next;
  const auto consider = [&next](TimePoint at) {
    if (!next || at < *next) next = at;
  };
  for (const Topic& each : topics_) {
    if (each.can_be_looked_up()) consider(each.look_up_at);
    if (const auto end = given_up_at(each); end && *end > now && each.lowest_held) consider(*end);
  }
  return next;
}

Lanes::Reopened Lanes::topic_opened(TopicId id, std::int32_t partitions,
                                    std::optional<Bytes> largest_record) {
  assert(partitions > 0);
  Topic& opened = topic(id);
  Reopened result{.waiting = std::exchange(opened.waiting, {}),
                  .lowest = std::exchange(opened.lowest_held, std::nullopt)};
  const bool was_open = opened.state == TopicState::open;
  opened.state = TopicState::open;
  opened.missing_since.reset();
  opened.largest_record = largest_record;
  opened.backoff.reset();
  const auto count = static_cast<std::size_t>(partitions);
  if (!was_open || count > opened.lanes.size()) opened.lanes.resize(count);
  return result;
}

bool Lanes::is_expected(const Topic& topic) const {
  return topic.is_expected || routing_->topic.is_constant();
}

std::optional<TimePoint> Lanes::given_up_at(const Topic& topic) const {
  if (topic.state != TopicState::held || !topic.missing_since || is_expected(topic) || !topic_grace_) {
    return std::nullopt;
  }
  return *topic.missing_since + *topic_grace_;
}

std::optional<RowId> Lanes::take_given_up(TimePoint now) {
  std::optional<RowId> lowest;
  for (Topic& each : topics_) {
    const auto end = given_up_at(each);
    if (!end || *end > now || !each.lowest_held) continue;
    if (!lowest || *each.lowest_held < *lowest) lowest = each.lowest_held;
    each.lowest_held.reset();
  }
  return lowest;
}

std::vector<InFlight*> Lanes::topic_closed(TopicId id, Failure failure, TimePoint now) {
  Topic& closed = topic(id);
  const bool is_news = closed.state != TopicState::held || closed.look_up_at == TimePoint::max();
  closed.state = TopicState::held;
  if (failure.reason != Reason::missing) closed.missing_since.reset();
  if (failure.reason == Reason::missing && !closed.missing_since) closed.missing_since = now;
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
           (each.failure.reason == Reason::authorization || is_expected(each));
  });
}

}  // namespace outbox_relay::core
