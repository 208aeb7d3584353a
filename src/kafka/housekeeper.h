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

#include "relay/ports.h"

namespace outbox_relay::kafka {

class Producer;

/// The sink's one thread for librdkafka's calls that block: it looks topics up, and destroys producers that
/// are finished.
///
/// A look-up asks any broker for one topic's metadata, again and again until one answers. A topic that was
/// found is asked for once a minute from then on, and only changes are news; one that was not found is left
/// alone until `look_up`.
///
/// `run` and what it calls live on that thread, all else on the pipeline's; `mutex_` guards what both touch.
/// The destructor waits for what is under way: a look-up (`longest_timeout` at most) and the destruction of
/// producers (see `Producer`).
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
    bool answered = false;                 ///< a broker answered
    std::optional<core::Failure> failure;  ///< the last question has had no answer so far
  };

  /// `wake` is called on the housekeeper's thread when there is news, and must not block.
  explicit Housekeeper(std::function<void()> wake, std::chrono::milliseconds interval = check_interval);
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;
  Housekeeper& operator=(const Housekeeper&) = delete;

  /// Look-ups go through this producer from now on. The one before is destroyed here, once nobody else holds
  /// it.
  void use(std::shared_ptr<const Producer> producer);
  void look_up(core::TopicId topic, const std::string& name);
  [[nodiscard]] News take_news();

 private:
  struct Topic {
    std::string name;
    Clock::time_point check_at;
    bool is_asked = false;              ///< `look_up` waits for an answer
    std::optional<std::int32_t> known;  ///< how many partitions were reported
  };
  using Partitions = std::int32_t;
  struct NoAnswer {
    core::Failure failure;
    bool was_slow = false;
  };
  using Answer = std::variant<Partitions, core::Failure, NoAnswer>;

  void run();
  void destroy_retired(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] std::pair<const core::TopicId, Topic>* next_topic();
  void check(std::unique_lock<std::mutex>& lock, core::TopicId id, Topic& topic);
  void adapt_timeout(const Answer& answer);
  [[nodiscard]] static Answer ask(const Producer& producer, const std::string& name,
                                  std::chrono::milliseconds timeout);

  std::function<void()> wake_;
  std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  std::shared_ptr<const Producer> producer_;
  std::vector<std::shared_ptr<const Producer>> retired_;
  std::map<core::TopicId, Topic>
      topics_;  ///< nothing is ever erased: `check` keeps a reference while unlocked
  News news_;

  Clock::time_point not_before_;                          ///< the thread's own: the pace while nobody answers
  std::chrono::milliseconds timeout_ = shortest_timeout;  ///< the thread's own
  std::thread thread_;                                    ///< last: it uses all of the above
};

}  // namespace outbox_relay::kafka
