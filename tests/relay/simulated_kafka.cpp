#include "simulated_kafka.h"

#include <algorithm>
#include <charconv>

namespace outbox_relay::simulation {

namespace {

core::Failure gone() {
  return {core::Reason::producer, core::Remedy::rebuild, "the producer came to its end", ""};
}

core::Failure missing() {
  return {core::Reason::missing, core::Remedy::hold_topic, "the topic does not exist", ""};
}

core::Failure denied() {
  return {core::Reason::authorization, core::Remedy::hold_topic, "the topic may not be written to", ""};
}

core::Failure refusal(core::Remedy remedy) {
  return {core::Reason::invalid_record, remedy, "refused", ""};
}

core::Failure unexplained() {
  return {core::Reason::other, core::Remedy::isolate, "refused without a reason", ""};
}

Record to_record(const core::Row& row, std::string topic, std::int32_t partition) {
  Record record{.topic = std::move(topic),
                .partition = partition,
                .key = std::string(row.key.value_or("")),
                .version = 0,
                .message_id = std::string(row.message_id)};
  std::from_chars(row.payload->data(), row.payload->data() + row.payload->size(), record.version);
  return record;
}

}  // namespace

SimulatedSink::SimulatedSink(boost::asio::io_context& io, Timeline& timeline, Dice& dice,
                             SimulatedKafka& kafka)
    : door_(io),
      timeline_(timeline),
      dice_(dice),
      kafka_(kafka),
      alive_(std::make_shared<SimulatedSink*>(this)) {}

SimulatedSink::~SimulatedSink() {
  *alive_ = nullptr;
}

relay::Publication SimulatedSink::publish(core::InFlight& row) {
  if (is_broken_) violation_ = "published to a broken producer";
  if (!is_calm && dice_.chance(0.02)) {
    timeline_.in(dice_.delay(100, 2000), [alive = alive_] {
      if (*alive) (*alive)->door_.open();
    });
    return {relay::Accepted::full, {}};
  }
  const auto topic = static_cast<std::uint32_t>(row.topic);
  if (!names_.contains(topic)) violation_ = "published to a topic that was never looked up";
  if (row.is_suspect) {
    publish_alone(row);
    return {};
  }
  const Place place{topic, row.partition};
  auto& queue = queues_[place];
  if (!proven_.contains(place) && !queue.empty())
    violation_ = "a second record before the first ack of its partition";
  queue.push_back({.row = &row, .record = to_record(*row.row, names_[topic], row.partition)});
  timeline_.in(dice_.delay(200, 8000), [alive = alive_, place, generation = generation_] {
    if (*alive && (*alive)->generation_ == generation) (*alive)->work_on(place);
  });
  return {};
}

// The broker takes a batch of what is queued for a partition, and its answer comes a little later.
void SimulatedSink::work_on(Place place) {
  auto& queue = queues_[place];
  if (is_broken_ || queue.empty() || is_silent(place)) return;
  if (kafka_.denied_topics.contains(names_[place.first])) {
    for (const Sent& sent : std::exchange(queue, {})) {
      report(sent.row, sent.is_written ? std::nullopt : std::optional{denied()});
    }
    return break_producer();
  }
  if (kafka_.missing_topics.contains(names_[place.first])) {
    for (const Sent& sent : std::exchange(queue, {})) {
      report(sent.row, sent.is_written ? std::nullopt : std::optional{missing()});
    }
    return;
  }
  const auto batch = 1 + dice_.below(queue.size());
  if (refuse_request(queue, batch)) return;
  for (std::size_t at = 0; at < batch; ++at) write(queue[at]);
  timeline_.in(dice_.delay(100, 3000), [alive = alive_, place, generation = generation_] {
    if (!*alive || (*alive)->generation_ != generation || (*alive)->is_broken_) return;
    auto& self = **alive;
    auto& waiting = self.queues_[place];
    while (!waiting.empty() && waiting.front().is_written) {
      self.proven_.insert(place);
      self.report(waiting.front().row, std::nullopt);
      waiting.pop_front();
    }
    if (!waiting.empty()) self.work_on(place);
  });
}

bool SimulatedSink::is_silent(Place place) const {
  return kafka_.silent_partitions.contains({names_.at(place.first), place.second});
}

void SimulatedSink::hear() {
  for (const auto& [place, queue] : queues_) {
    if (queue.empty()) continue;
    timeline_.in(dice_.delay(200, 8000), [alive = alive_, place = place, generation = generation_] {
      if (*alive && (*alive)->generation_ == generation) (*alive)->work_on(place);
    });
  }
}

// One bad record fails its whole request, and under the gapless guarantee the producer with it.
bool SimulatedSink::refuse_request(Queue& queue, std::size_t batch) {
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(batch);
  const bool is_bad = std::any_of(queue.begin(), end, [this](const Sent& sent) {
    return !sent.is_written && kafka_.refuses(sent.record);
  });
  const bool is_mood = kafka_.is_moody && !is_calm && dice_.chance(0.01);
  if (!is_bad && !is_mood) return false;
  Queue left;
  for (std::size_t at = 0; at < queue.size(); ++at) {
    if (at < batch && !queue[at].is_written) {
      report(queue[at].row, refusal(core::Remedy::isolate));
    } else {
      left.push_back(queue[at]);
    }
  }
  queue = std::move(left);
  break_producer();
  return true;
}

void SimulatedSink::publish_alone(core::InFlight& row) {
  if (alone_) violation_ = "two suspects are out";
  const auto topic = static_cast<std::uint32_t>(row.topic);
  alone_ = Sent{.row = &row, .record = to_record(*row.row, names_[topic], row.partition)};
  timeline_.in(dice_.delay(200, 8000), [alive = alive_] {
    if (*alive) (*alive)->judge_alone();
  });
}

void SimulatedSink::judge_alone() {
  Sent sent = *std::exchange(alone_, std::nullopt);
  if (kafka_.missing_topics.contains(sent.record.topic)) return report(sent.row, missing());
  if (kafka_.denied_topics.contains(sent.record.topic)) return report(sent.row, denied());
  if (is_silent({static_cast<std::uint32_t>(sent.row->topic), sent.record.partition})) {
    return report(sent.row, gone());
  }
  if (!is_calm && dice_.chance(0.1)) {
    if (dice_.chance(0.5) && !kafka_.refuses(sent.record)) {
      write(sent);
      ++lost_answers_;
    }
    return report(sent.row, kafka_.is_moody && dice_.chance(0.5) ? unexplained() : gone());
  }
  if (kafka_.refuses(sent.record)) {
    const bool has_reason = !kafka_.unexplained_messages.contains(sent.record.message_id);
    return report(sent.row, has_reason ? refusal(core::Remedy::park) : unexplained());
  }
  write(sent);
  report(sent.row, std::nullopt);
}

void SimulatedSink::write(Sent& sent) {
  if (std::exchange(sent.is_written, true)) return;
  // The row's own bytes are read here, as librdkafka does: they must still be in place.
  kafka_.log.push_back(to_record(*sent.row->row, sent.record.topic, sent.record.partition));
  if (kafka_.log.back().message_id != sent.record.message_id)
    violation_ = "a row's bytes changed before its report";
}

void SimulatedSink::report(core::InFlight* row, std::optional<core::Failure> failure) {
  events_.deliveries.push_back({row, std::move(failure)});
  door_.open();
}

void SimulatedSink::look_up(core::TopicId topic, const std::string& name) {
  names_[static_cast<std::uint32_t>(topic)] = name;
  timeline_.in(dice_.delay(100, 20'000), [alive = alive_, topic, name] {
    if (!*alive) return;
    auto& self = **alive;
    relay::TopicReport found;
    found.topic = topic;
    found.partitions = SimulatedKafka::partitions;
    // Small enough that some rows look too large.
    if (self.dice_.chance(0.3)) found.largest_record = core::Bytes{110 + self.dice_.below(6)};
    if (self.kafka_.missing_topics.contains(name)) found.failure = missing();
    self.events_.topics.push_back(std::move(found));
    self.door_.open();
  });
}

std::int32_t SimulatedSink::partition_of(const core::Value& key, std::int32_t partitions) {
  if (!key) return static_cast<std::int32_t>(dice_.below(static_cast<std::uint64_t>(partitions)));
  return static_cast<std::int32_t>(std::hash<std::string_view>{}(*key) %
                                   static_cast<std::size_t>(partitions));
}

awaitable<void> SimulatedSink::next_events(relay::SinkEvents& events) {
  co_await door_.wait();
  events = std::exchange(events_, {});
}

awaitable<std::vector<relay::DeliveryReport>> SimulatedSink::rebuild(std::chrono::milliseconds) {
  is_broken_ = true;
  co_await make_door_opening_in(dice_.delay(1000, 50'000), door_.context(), timeline_)->wait();
  std::vector<relay::DeliveryReport> reports = std::exchange(events_.deliveries, {});
  for (auto& [place, queue] : queues_) {
    bool are_lost = false;
    for (Sent& sent : queue) {
      // Some that were written are reported so even now, in order, and some answers are lost.
      const bool is_known = sent.is_written && !are_lost && dice_.chance(0.5);
      are_lost = kafka_.loses_last_answers_only && !is_known;
      lost_answers_ += sent.is_written && !is_known ? 1 : 0;
      reports.push_back({sent.row, is_known ? std::nullopt : std::optional{gone()}});
    }
  }
  queues_.clear();
  proven_.clear();
  is_broken_ = false;
  ++generation_;
  co_return reports;
}

void SimulatedSink::break_producer() {
  if (std::exchange(is_broken_, true)) return;
  events_.broken = gone();
  door_.open();
}

void SimulatedSink::lose_topic(const std::string& name) {
  kafka_.missing_topics.insert(name);
  for (auto& [place, queue] : queues_) {
    if (names_[place.first] != name) continue;
    std::erase_if(queue, [this](const Sent& sent) {
      if (sent.is_written) return false;
      report(sent.row, missing());
      return true;
    });
  }
}

void SimulatedSink::be_killed() {
  if (alone_ && dice_.chance(0.5) && !kafka_.refuses(alone_->record)) write(*alone_);
  for (auto& [place, queue] : queues_) {
    if (is_broken_) break;  // it sends nothing more
    const auto written = dice_.below(queue.size() + 1);
    for (std::size_t at = 0; at < written; ++at) {
      if (kafka_.refuses(queue[at].record)) break;
      write(queue[at]);
    }
  }
  *alive_ = nullptr;
}

}  // namespace outbox_relay::simulation
