#include "kafka/housekeeper.h"

#include <algorithm>
#include <utility>

#include "kafka/producer.h"
#include "kafka/topic_limits.h"

namespace outbox_relay::kafka {
namespace {

constexpr auto never = Housekeeper::Clock::time_point::max();

}  // namespace

Housekeeper::Housekeeper(std::function<void()> wake, std::chrono::milliseconds interval)
    : wake_(std::move(wake)),
      interval_(interval),
      thread_([this] { run(); }),
      undertaker_([this] { destroy_retired(); }) {}

Housekeeper::~Housekeeper() {
  {
    const std::lock_guard lock{mutex_};
    is_stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  {
    const std::lock_guard lock{mutex_};
    is_retiring_ = false;
  }
  changed_.notify_all();
  undertaker_.join();
}

void Housekeeper::use(std::shared_ptr<const Producer> producer) {
  {
    const std::lock_guard lock{mutex_};
    if (producer_) retired_.push_back(std::move(producer_));
    producer_ = std::move(producer);
    for (auto& [id, topic] : topics_) {
      if (topic.producer) retired_.push_back(std::move(topic.producer));
    }
  }
  changed_.notify_all();
}

void Housekeeper::retire(std::shared_ptr<const Producer> producer) {
  {
    const std::lock_guard lock{mutex_};
    retired_.push_back(std::move(producer));
  }
  changed_.notify_all();
}

void Housekeeper::look_up(core::TopicId id, const std::string& name,
                          std::shared_ptr<const Producer> producer) {
  {
    const std::lock_guard lock{mutex_};
    Topic& topic = topics_[id];
    topic.name = name;
    if (topic.producer) retired_.push_back(std::move(topic.producer));
    topic.producer = std::move(producer);
    topic.is_asked = true;
    topic.check_at = Clock::now();
  }
  changed_.notify_all();
}

Housekeeper::News Housekeeper::take_news() {
  const std::lock_guard lock{mutex_};
  return std::exchange(news_, {});
}

void Housekeeper::run() {
  std::unique_lock lock{mutex_};
  while (!is_stopping_) {
    auto* const next = next_topic();
    if (next == nullptr || !producer_) {
      changed_.wait(lock);
      continue;
    }
    if (const auto at = std::max(next->second.check_at, not_before_); at > Clock::now()) {
      changed_.wait_until(lock, at);
      continue;
    }
    check(lock, next->first, next->second);
  }
  retired_.push_back(std::move(producer_));
  for (auto& [id, topic] : topics_) retired_.push_back(std::move(topic.producer));
}

void Housekeeper::destroy_retired() {
  std::unique_lock lock{mutex_};
  while (is_retiring_ || !retired_.empty()) {
    if (retired_.empty()) {
      changed_.wait(lock);
      continue;
    }
    auto finished = std::exchange(retired_, {});
    lock.unlock();
    finished.clear();
    lock.lock();
  }
}

std::pair<const core::TopicId, Housekeeper::Topic>* Housekeeper::next_topic() {
  const auto next = std::ranges::min_element(topics_, {}, [](const auto& topic) {
    return std::pair{!topic.second.is_asked, topic.second.check_at};
  });
  return next == topics_.end() || next->second.check_at == never ? nullptr : &*next;
}

void Housekeeper::check(std::unique_lock<std::mutex>& lock, core::TopicId id, Topic& topic) {
  const bool was_asked = std::exchange(topic.is_asked, false);
  const std::string name = topic.name;
  auto producer = topic.producer ? topic.producer : producer_;
  topic.check_at = never;  // unless `look_up` comes meanwhile

  lock.unlock();
  const Answer answer = ask(*producer, name);
  adapt_timeout(answer);
  lock.lock();

  retired_.push_back(
      std::move(producer));  // it may have been replaced meanwhile, and ours the last reference
  changed_.notify_all();
  if (const auto* none = std::get_if<NoAnswer>(&answer)) {
    topic.is_asked = topic.is_asked || was_asked;
    not_before_ = Clock::now() + retry_interval;
    topic.check_at = std::min(topic.check_at, Clock::now());
    news_.failure = none->failure;
  } else {
    news_.answered = true;
    news_.failure.reset();
    if (const auto* found = std::get_if<Found>(&answer)) {
      note(id, topic, *found, was_asked);
    } else {
      news_.topics.push_back({id, 0, std::get<core::Failure>(answer), std::nullopt});
      topic.known.reset();
    }
  }
  lock.unlock();
  wake_();
  lock.lock();
}

void Housekeeper::note(core::TopicId id, Topic& topic, const Found& found, bool was_asked) {
  topic.check_at = std::min(topic.check_at, Clock::now() + interval_);
  Found now = found;
  if (!now.largest_record && topic.known) now.largest_record = topic.known->largest_record;
  if (was_asked || topic.known != now) {
    news_.topics.push_back({id, now.partitions, std::nullopt, now.largest_record});
  }
  topic.known = now;
}

void Housekeeper::adapt_timeout(const Answer& answer) {
  const auto* none = std::get_if<NoAnswer>(&answer);
  timeout_ = none != nullptr && none->was_slow
                 ? std::min<std::chrono::milliseconds>(timeout_ * 2, longest_timeout)
                 : shortest_timeout;
}

Housekeeper::Answer Housekeeper::ask(const Producer& producer, const std::string& name) {
  auto answer = look_up_topic(producer, name, timeout_);
  if (auto* none = std::get_if<NoAnswer>(&answer)) return std::move(*none);
  if (auto* failure = std::get_if<core::Failure>(&answer)) return std::move(*failure);
  const auto& facts = std::get<TopicFacts>(answer);
  return Found{facts.partitions, ask_limit(producer, name, facts.leader)};
}

std::optional<core::Bytes> Housekeeper::ask_limit(const Producer& producer, const std::string& name,
                                                  std::int32_t broker) {
  auto answer = ask_largest_record(producer, name, broker, timeout_);
  if (const auto* limit = std::get_if<core::Bytes>(&answer)) return *limit;
  if (!std::exchange(told_unknown_limit_, true)) {
    const std::lock_guard lock{mutex_};
    news_.unknown_limit =
        "max.message.bytes of topic " + name + " is not known: " + std::get<std::string>(answer);
  }
  return std::nullopt;
}

}  // namespace outbox_relay::kafka
