#include <algorithm>
#include <cassert>
#include <utility>

#include "core/lanes.h"
#include "core/units.h"

// The part of `Lanes` that knows which topics and partitions can take rows: look-ups, trials, what had to
// leave.
namespace outbox_relay::core {

namespace {

constexpr std::chrono::milliseconds first_lookup_delay{500};
constexpr std::chrono::milliseconds longest_lookup_delay{10'000};

/// Such a topic may come to be, or its name become possible; or not.
bool is_absent(const Failure& failure) {
  return failure.reason == Reason::missing || failure.reason == Reason::invalid_topic;
}

}  // namespace

Failure silence(const std::string& topic) {
  return {
      Reason::not_in_sync, Remedy::hold_topic,
      "a partition of topic " + topic + " gives no answer, although brokers can be reached: its rows wait",
      "look at the partition's leader, and whether it has enough replicas in sync"};
}

bool Lanes::Topic::can_be_looked_up() const {
  return state == TopicState::held &&
         std::ranges::all_of(lanes, [](const Lane& lane) { return lane.published == 0; });
}

bool Lanes::Topic::is_held() const {
  return state == TopicState::held || state == TopicState::trial ||
         std::ranges::any_of(lanes, [](const Lane& lane) { return lane.is_on_trial; });
}

std::optional<TimePoint> Lanes::silence_lookup_at(const Topic& topic) {
  std::optional<TimePoint> silent_from;
  for (const Lane& lane : topic.lanes) {
    if (lane.published == 0 || lane.is_on_trial) continue;
    lower(silent_from, lane.last_report + TimePoint::duration{silence_limit});
  }
  if (!silent_from || !topic.silence_asked_at) return silent_from;
  return std::max(*silent_from, *topic.silence_asked_at + silence_limit);
}

bool Lanes::puts_on_trial(TopicId id, const std::string& name, TimePoint now) {
  bool has_begun = false;
  Topic& asked = topic(id);
  for (Lane& lane : asked.lanes) {
    if (lane.published == 0 || lane.is_on_trial || now - lane.last_report < silence_limit) continue;
    if (!lane.silent_at) lane.silent_at = now;
    if (now - *lane.silent_at < silence_limit) continue;
    lane.is_on_trial = true;
    has_begun = true;
  }
  if (has_begun && asked.state == TopicState::open) asked.failure = silence(name);
  return has_begun;
}

std::optional<RowId> Lanes::take_left(TopicId id) {
  Topic& its_topic = topic(id);
  if (its_topic.state != TopicState::open) return std::nullopt;  // when it opens
  return std::exchange(its_topic.lowest_held, std::nullopt);
}

std::vector<TopicId> Lanes::take_lookups(TimePoint now, bool window_is_full) {
  std::vector<TopicId> result;
  for (std::size_t index = 0; index < topics_.size(); ++index) {
    Topic& each = topics_[index];
    const bool is_new = each.state == TopicState::unknown && !each.waiting.empty();
    const bool is_due = each.can_be_looked_up() && each.look_up_at <= now;
    const auto silent_at = window_is_full ? silence_lookup_at(each) : std::nullopt;
    const bool is_silent = silent_at && *silent_at <= now;
    if (!is_new && !is_due && !is_silent) continue;
    if (is_silent) each.silence_asked_at = now;
    if (is_new) each.state = TopicState::looking_up;
    if (is_due) each.look_up_at = TimePoint::max();  // until the answer
    result.push_back(static_cast<TopicId>(index));
  }
  return result;
}

std::optional<TimePoint> Lanes::next_lookup(TimePoint now, bool window_is_full) const {
  std::optional<TimePoint> next;
  for (const Topic& each : topics_) {
    if (each.can_be_looked_up()) lower(next, each.look_up_at);
    if (const auto at = silence_lookup_at(each); at && window_is_full) lower(next, *at);
    if (const auto end = given_up_at(each); end && *end > now && each.lowest_held) lower(next, *end);
  }
  return next;
}

Lanes::Reopened Lanes::topic_opened(TopicId id, std::int32_t partitions, std::optional<Bytes> largest_record,
                                    TimePoint now) {
  assert(partitions > 0);
  Topic& opened = topic(id);
  const bool was_held = opened.state == TopicState::held;
  if (was_held && !opened.can_be_looked_up()) {  // the answer was for a silent partition, or unasked for
    opened.look_up_at = now;
    return {};
  }
  Reopened result{.waiting = std::exchange(opened.waiting, {}), .leaving = nullptr, .lowest = {}};
  const bool is_kept_waiting = opened.kept != nullptr && opened.kept->stage == Stage::waiting;
  if (was_held && is_kept_waiting && opened.lowest_held && *opened.lowest_held < opened.kept->row->id) {
    result.leaving = std::exchange(opened.kept, nullptr);
  }
  opened.missing_since.reset();
  opened.largest_record = largest_record;
  const auto count = static_cast<std::size_t>(partitions);
  const bool had_lanes = opened.state == TopicState::open || opened.state == TopicState::trial;
  if (!had_lanes || count > opened.lanes.size()) opened.lanes.resize(count);
  if (was_held && opened.kept != nullptr) {
    opened.state = TopicState::trial;
    if (is_kept_waiting) result.waiting.push_back(opened.kept);
  } else if (opened.state != TopicState::trial) {
    opened.state = TopicState::open;
    opened.backoff.reset();
    result.lowest = std::exchange(opened.lowest_held, std::nullopt);
  }
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

// A topic that nobody waits for any more is not looked up: the next row of it asks, and is refused at once
// where it is missing still.
std::optional<RowId> Lanes::take_given_up(TimePoint now) {
  std::optional<RowId> lowest;
  for (Topic& each : topics_) {
    const auto end = given_up_at(each);
    if (!end || *end > now) continue;
    if (!each.lowest_held) {
      if (each.can_be_looked_up()) each.state = TopicState::unknown;
      continue;
    }
    lower(lowest, *each.lowest_held);
    each.lowest_held.reset();
  }
  return lowest;
}

std::vector<InFlight*> Lanes::topic_closed(TopicId id, Failure failure, TimePoint now) {
  Topic& closed = topic(id);
  const bool is_news = closed.state != TopicState::held || closed.look_up_at == TimePoint::max();
  closed.state = TopicState::held;
  if (!is_absent(failure)) closed.missing_since.reset();
  if (is_absent(failure) && !closed.missing_since) closed.missing_since = now;
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
  std::erase(leaving, closed.kept);
  if (closed.kept != nullptr && is_absent(closed.failure)) {
    if (closed.kept->stage == Stage::waiting) leaving.push_back(closed.kept);
    closed.kept = nullptr;
  }
  if (gives_up(id, now)) return leaving;
  for (const InFlight* row : leaving) hold(*row);
  return leaving;
}

bool Lanes::gives_up(TopicId id, TimePoint now) {
  const auto end = given_up_at(topic(id));
  return end && *end <= now;
}

// Not one behind others of its key: those that left come before it, or are of an earlier session.
InFlight* Lanes::keep(InFlight& row, const Failure& failure) {
  Topic& closed = topic(row.topic);
  if (closed.kept == &row && !is_absent(failure)) return nullptr;
  if (closed.kept == &row) closed.kept = nullptr;
  const bool is_behind_others = closed.lowest_held && *closed.lowest_held < row.row->id;
  if (is_absent(failure) || is_behind_others || !row.page->places_hold) return &row;
  if (closed.kept != nullptr && closed.kept->row->id < row.row->id) return &row;
  if (closed.kept != nullptr && closed.kept->stage != Stage::waiting) return &row;
  return std::exchange(closed.kept, &row);
}

void Lanes::give_up(const InFlight& row) {
  if (static_cast<std::size_t>(row.topic) >= topics_.size()) return;
  Topic& its_topic = topic(row.topic);
  if (its_topic.kept != &row) return;
  its_topic.kept = nullptr;
  if (its_topic.state == TopicState::trial) {
    its_topic.state = TopicState::held;
    its_topic.look_up_at = {};
  }
}

void Lanes::hold(const InFlight& row) {
  lower(topic(row.topic).lowest_held, row.row->id);
}

std::size_t Lanes::held_topics() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(topics_, [](const Topic& each) { return each.is_held(); }));
}

std::optional<std::int64_t> Lanes::lowest_held() const {
  std::optional<std::int64_t> lowest;
  for (const Topic& each : topics_) {
    if (each.lowest_held) lower(lowest, each.lowest_held->number());
  }
  return lowest;
}

bool Lanes::is_closed(TopicId id) const {
  const auto index = static_cast<std::size_t>(id);
  return index < topics_.size() && topics_[index].state == TopicState::held;
}

const Failure* Lanes::held_because(TopicId id) const {
  const auto index = static_cast<std::size_t>(id);
  if (index >= topics_.size() || !topics_[index].is_held()) return nullptr;
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
