#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "kafka/topic_lookup.h"
#include "relay/ports.h"

namespace outbox_relay::kafka {

class Producer;

/// The sink's two threads for librdkafka's calls that block: one looks topics up, the other destroys
/// producers that are finished. That may take as long as the resolver, and look-ups must not wait for it.
///
/// Topics that somebody waits for come first. A look-up asks any broker for one topic's metadata, again and
/// again until one answers, and then once for its `max.message.bytes`; when that has no answer, what was
/// known of it stays. A topic that was found is asked for once a minute from then on, and only changes are
/// news; one that was not found is left alone until `look_up`.
///
/// `run` and what it calls live on the first thread, `destroy_retired` is the second, all else is the
/// pipeline's; `mutex_` guards what they share.
/// The destructor waits for what is under way: a look-up (two questions, about `longest_timeout` each at
/// most) and the destruction of producers (see `Producer`).
class Housekeeper {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::minutes check_interval{1};
  static constexpr std::chrono::milliseconds retry_interval{500};
  /// How long one question waits. A broker that is away is noticed soon; one that is slow gets more and more
  /// time.
  static constexpr std::chrono::seconds shortest_timeout{1};
  static constexpr std::chrono::seconds longest_timeout{8};

  /// What was found out since the last time.
  struct News {
    std::vector<relay::TopicReport> topics;
    bool answered = false;                     ///< a broker answered
    std::optional<core::Failure> failure;      ///< the last question has had no answer so far
    std::optional<std::string> unknown_limit;  ///< the first time that a topic's limit is not told: why
  };

  /// `wake` is called on the housekeeper's thread when there is news, and must not block.
  explicit Housekeeper(std::function<void()> wake, std::chrono::milliseconds interval = check_interval);
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  /// Look-ups go through this producer from now on, and no other.
  void use(std::shared_ptr<const Producer> producer);
  /// Destroys the producer, if nobody else holds it.
  void retire(std::shared_ptr<const Producer> producer);
  /// `producer` is the one that the topic's rows go through, if it is not the one in use: a look-up is also
  /// how a producer learns of new partitions.
  void look_up(core::TopicId topic, const std::string& name,
               std::shared_ptr<const Producer> producer = nullptr);
  [[nodiscard]] News take_news();

 private:
  struct Found {
    std::int32_t partitions = 0;
    std::optional<core::Bytes> largest_record;

    friend bool operator==(const Found&, const Found&) = default;
  };
  struct Topic {
    std::string name;
    std::shared_ptr<const Producer> producer;  ///< nothing: the one in use
    Clock::time_point check_at;
    bool is_asked = false;       ///< `look_up` waits for an answer
    std::optional<Found> known;  ///< as it was reported
  };
  using Answer = std::variant<Found, core::Failure, NoAnswer>;

  void run();
  void destroy_retired();
  [[nodiscard]] std::pair<const core::TopicId, Topic>* next_topic();
  void check(std::unique_lock<std::mutex>& lock, core::TopicId id, Topic& topic);
  void note(core::TopicId id, Topic& topic, const Found& found, bool was_asked);
  void adapt_timeout(const Answer& answer);
  [[nodiscard]] Answer ask(const Producer& producer, const std::string& name);
  [[nodiscard]] std::optional<core::Bytes> ask_limit(const Producer& producer, const std::string& name,
                                                     std::int32_t broker);

  std::function<void()> wake_;
  std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool is_retiring_ = true;  ///< `run` may still retire producers
  std::shared_ptr<const Producer> producer_;
  std::vector<std::shared_ptr<const Producer>> retired_;
  std::map<core::TopicId, Topic>
      topics_;  ///< nothing is ever erased: `check` keeps a reference while unlocked
  News news_;

  // The thread's own.
  Clock::time_point not_before_;  ///< the pace while nobody answers
  std::chrono::milliseconds timeout_ = shortest_timeout;
  bool told_unknown_limit_ = false;
  std::thread thread_;  ///< these last: they use all of the above
  std::thread undertaker_;
};

}  // namespace outbox_relay::kafka
