#include "kafka/housekeeper.h"

#include <algorithm>
#include <utility>

#include "kafka/classify.h"
#include "kafka/producer.h"

namespace outbox_relay::kafka {
namespace {

constexpr auto never = Housekeeper::Clock::time_point::max();

/// A partition without a leader would let its rows fill the window, so the whole topic waits.
std::variant<std::int32_t, core::Failure> judge(const rd_kafka_metadata_topic_t& topic) {
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return classify(topic.err, Origin::topic);
  const bool has_leaders = std::all_of(topic.partitions, topic.partitions + topic.partition_cnt,
                                       [](const auto& partition) { return partition.leader >= 0; });
  if (topic.partition_cnt == 0 || !has_leaders) {
    return classify(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, Origin::topic);
  }
  return topic.partition_cnt;
}

}  // namespace

Housekeeper::Housekeeper(std::function<void()> wake, std::chrono::milliseconds interval)
    : wake_(std::move(wake)), interval_(interval), thread_([this] { run(); }) {}

Housekeeper::~Housekeeper() {
  {
    const std::lock_guard lock{mutex_};
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Housekeeper::use(std::shared_ptr<const Producer> producer) {
  {
    const std::lock_guard lock{mutex_};
    if (producer_) retired_.push_back(std::move(producer_));
    producer_ = std::move(producer);
  }
  changed_.notify_one();
}

void Housekeeper::look_up(core::TopicId id, const std::string& name) {
  {
    const std::lock_guard lock{mutex_};
    Topic& topic = topics_[id];
    topic.name = name;
    topic.is_asked = true;
    topic.check_at = Clock::now();
  }
  changed_.notify_one();
}

Housekeeper::News Housekeeper::take_news() {
  const std::lock_guard lock{mutex_};
  return std::exchange(news_, {});
}

void Housekeeper::run() {
  std::unique_lock lock{mutex_};
  while (!is_stopping_) {
    if (!retired_.empty()) {
      destroy_retired(lock);
      continue;
    }
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
  destroy_retired(lock);
}

void Housekeeper::destroy_retired(std::unique_lock<std::mutex>& lock) {
  auto finished = std::exchange(retired_, {});
  lock.unlock();
  finished.clear();
  lock.lock();
}

std::pair<const core::TopicId, Housekeeper::Topic>* Housekeeper::next_topic() {
  const auto next =
      std::ranges::min_element(topics_, {}, [](const auto& topic) { return topic.second.check_at; });
  return next == topics_.end() || next->second.check_at == never ? nullptr : &*next;
}

void Housekeeper::check(std::unique_lock<std::mutex>& lock, core::TopicId id, Topic& topic) {
  const bool was_asked = std::exchange(topic.is_asked, false);
  const std::string name = topic.name;
  auto producer = producer_;
  topic.check_at = never;  // unless `look_up` comes meanwhile

  lock.unlock();
  const Answer answer = ask(*producer, name, timeout_);
  adapt_timeout(answer);
  lock.lock();

  if (producer != producer_)
    retired_.push_back(std::move(producer));  // it was replaced meanwhile; perhaps ours is the last
  const auto now = Clock::now();
  if (const auto* none = std::get_if<NoAnswer>(&answer)) {
    topic.is_asked = topic.is_asked || was_asked;
    topic.check_at = std::min(topic.check_at, now);
    not_before_ = now + retry_interval;
    news_.failure = none->failure;
  } else {
    news_.answered = true;
    news_.failure.reset();
    if (const auto* partitions = std::get_if<Partitions>(&answer)) {
      topic.check_at = std::min(topic.check_at, now + interval_);
      if (was_asked || topic.known != *partitions) news_.topics.push_back({id, *partitions, std::nullopt});
      topic.known = *partitions;
    } else {
      news_.topics.push_back({id, 0, std::get<core::Failure>(answer)});
      topic.known.reset();
    }
  }
  lock.unlock();
  wake_();
  lock.lock();
}

void Housekeeper::adapt_timeout(const Answer& answer) {
  const auto* none = std::get_if<NoAnswer>(&answer);
  timeout_ = none != nullptr && none->was_slow
                 ? std::min<std::chrono::milliseconds>(timeout_ * 2, longest_timeout)
                 : shortest_timeout;
}

Housekeeper::Answer Housekeeper::ask(const Producer& producer, const std::string& name,
                                     std::chrono::milliseconds timeout) {
  const TopicHandle topic = producer.make_topic(name);
  const rd_kafka_metadata_t* raw = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(producer.client(), 0, topic.get(), &raw, static_cast<int>(timeout.count()));
  const MetadataHandle metadata{raw};
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || metadata->topic_cnt != 1) {
    return NoAnswer{classify(code, Origin::producer), code == RD_KAFKA_RESP_ERR__TIMED_OUT};
  }
  return std::visit([](auto&& verdict) -> Answer { return std::move(verdict); }, judge(metadata->topics[0]));
}

}  // namespace outbox_relay::kafka
