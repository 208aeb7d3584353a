#pragma once

#include <deque>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/backoff.h"
#include "core/lanes.h"
#include "core/ordering_key.h"
#include "core/window.h"

namespace outbox_relay::core {

/// Rows that may be the reason why Kafka refused a whole request, and rows that look too large: they go out
/// alone, one after the other, so that what Kafka says is about that row.
///
/// Later rows of a suspect's key wait here until it is acknowledged or refused; all other keys go on. Holds
/// rows of the window in stage `waiting`, and the one that is out in stage `published`; never outlives them.
class Suspects {
 public:
  explicit Suspects(Random random) : backoff_(std::move(random)) {}

  /// `ahead`: so many earlier rows of its key are still with the main producer, and it must not pass them. No
  /// row of its key may be under suspicion already.
  void accuse(InFlight& row, std::size_t ahead);
  /// A row that was not under suspicion was acknowledged or refused.
  void settled_ahead(const InFlight& row);
  [[nodiscard]] bool are_of(const OrderingKey& key) const { return !keys_.empty() && keys_.contains(key); }
  /// A row whose key is under suspicion waits for the verdict. Returns whether it may do so here: beyond
  /// `most` rows in all it must leave the window, and so must later ones of its key.
  [[nodiscard]] bool wait_behind(InFlight& row, const Window::Limits& most);
  /// Topics of keys that are under suspicion no longer, and have rows that had to leave.
  [[nodiscard]] std::vector<TopicId> take_topics_with_left() { return std::exchange(topics_with_left_, {}); }

  /// The suspect to go out now; nothing while one is out, or until it is time to try again.
  [[nodiscard]] InFlight* next(TimePoint now) const;
  void handed_over();
  /// When `next` will have something to say by the passing of time alone.
  [[nodiscard]] std::optional<TimePoint> next_attempt(TimePoint now) const;
  /// The suspect that was out has its verdict, and is none any more. Returns the rows that waited behind it.
  [[nodiscard]] std::vector<InFlight*> settled();
  /// The suspect that was out, or that was to go, has no verdict: again later, and behind the others, which
  /// may fare better.
  void postponed(TimePoint now);
  [[nodiscard]] bool is_any_out() const { return out_ != nullptr; }

  /// Takes out a suspect that is not out, and the rows behind it, in their order.
  [[nodiscard]] std::vector<InFlight*> take_key(const OrderingKey& key);
  /// Rows of this topic cannot go out now. Returns those that wait, which must leave the window.
  [[nodiscard]] std::vector<InFlight*> take_topic(TopicId topic);
  /// No row waits here any more. The suspect that is out stays.
  void drop_waiting();

 private:
  /// A key under suspicion.
  struct Suspected {
    InFlight* suspect = nullptr;
    std::size_t ahead = 0;
    std::deque<InFlight*> behind;
    bool has_left = false;  ///< a row of the key had to leave the window
  };
  using Keys = std::unordered_map<StoredOrderingKey, Suspected, HashOrderingKey, EqualOrderingKey>;

  [[nodiscard]] std::vector<InFlight*> take_behind(Suspected& suspected);
  Keys::iterator forget(Keys::iterator key);

  std::deque<InFlight*> ready_;  ///< may go out; without the one that is
  InFlight* out_ = nullptr;
  Keys keys_;
  std::size_t rows_behind_ = 0;
  Bytes bytes_behind_;
  std::vector<TopicId> topics_with_left_;
  Backoff backoff_;
  TimePoint not_before_;
};

}  // namespace outbox_relay::core
