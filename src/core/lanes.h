#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/backoff.h"
#include "core/failure.h"
#include "core/ordering_key.h"
#include "core/routing.h"
#include "core/window.h"

namespace outbox_relay::core {

using TimePoint = std::chrono::steady_clock::time_point;

/// What is wrong with a topic of which a partition is on trial.
[[nodiscard]] Failure silence(const std::string& topic);

/// Where a key belongs among a topic's partitions; the producer's partitioner.
using PartitionOf = std::function<std::int32_t(const Value& key, std::int32_t partitions)>;

/// Which rows may be handed to the producer now, and in which order.
///
/// A row first waits for its topic to be looked up, because librdkafka would sit on rows of a missing topic
/// for 30 s and fill the window. Then for its partition's *gate*: under each new producer the first record of
/// a partition travels alone, and the others wait for its ack. (A broker accepts any first sequence number of
/// a producer: without the gate, rows behind a refused first request are delivered, and librdkafka reports
/// the refused ones as persisted [1000 acks, 999 records in the log].) Within a partition rows leave in the
/// order they came.
///
/// A partition that gives no answer for long is *on trial*: one row tries, the others leave the window.
///
/// Holds rows of the window in stage `waiting`, and never outlives them. Lives on its pipeline's thread.
class Lanes {
 public:
  /// After so long without traffic a partition's gate closes again: the broker may have forgotten the
  /// producer.
  static constexpr std::chrono::hours idle_limit{1};
  /// A partition with rows handed over and no report for so long is silent.
  static constexpr std::chrono::seconds silence_limit{10};

  /// A topic that a template names may be missing for `topic_grace`; from then on its rows are refused.
  /// Nothing: they wait for ever.
  Lanes(const Routing& routing, std::optional<std::chrono::milliseconds> topic_grace,
        PartitionOf partition_of, Random random)
      : routing_(&routing),
        topic_grace_(topic_grace),
        partition_of_(std::move(partition_of)),
        random_(std::move(random)) {}

  /// What a row for a topic has to do. `go_on`: `line_up` comes next. `wait`: for the look-up; it is kept
  /// here. `leave`: the topic cannot take rows now, so the row must leave the window. The failure: nor will
  /// it ever. A topic that exists and takes nothing (an ACL, its replicas) keeps one row, to try with.
  enum class Passage : std::uint8_t { go_on, wait, leave };
  std::variant<Passage, Failure> pass(InFlight& row, TimePoint now);
  /// Whether the row may be larger than its topic takes; the brokers judge what is left of it by compression.
  [[nodiscard]] bool looks_too_large(const InFlight& row) const;
  /// A row lines up in its partition: `go_on`. `leave`: the partition is on trial, and another row is the one
  /// that tries. The failure is about this row alone.
  [[nodiscard]] std::variant<Passage, Failure> line_up(InFlight& row, TimePoint now);
  /// How many rows of a key have not been handed over.
  [[nodiscard]] std::size_t count_key(const OrderingKey& key);
  /// Takes out the rows of a key that were not handed over, in their order.
  [[nodiscard]] std::vector<InFlight*> take_key(const OrderingKey& key);

  /// The next row to be handed to the producer, nothing when none may go. It stays first until `handed_over`.
  [[nodiscard]] InFlight* next() const { return ready_.empty() ? nullptr : ready_.front(); }
  void handed_over(TimePoint now);
  /// The row that `next` returned will not be published.
  void drop_next();
  /// Kafka acknowledged a row: opens its partition's gate. Returns whether that ends a trial: rows of the
  /// topic which had to leave meanwhile are to be read again.
  [[nodiscard]] bool acknowledged(const InFlight& row, TimePoint now);
  /// Kafka has a row, whichever producer brought it. Returns what `acknowledged` does, of its topic.
  [[nodiscard]] bool took(const InFlight& row, TimePoint now);
  /// Whether the row's partition took any row after that moment.
  [[nodiscard]] bool has_taken_since(const InFlight& row, TimePoint moment);
  /// Whether any partition did.
  [[nodiscard]] bool has_any_taken_since(TimePoint moment) const { return last_taken_ > moment; }
  /// A row that was handed over came back unpublished.
  void failed(const InFlight& row, TimePoint now);
  /// The producer is gone: all gates are closed, and no row waits here any more; the caller enqueues them
  /// again.
  void producer_replaced();
  /// No row waits here any more.
  void drop_waiting();

  /// Topics to be looked up now. A held topic is not before the last row that was handed over for it has its
  /// report: a row that still fails must not be overtaken by a later one of its key. While the window is
  /// full, topics with a silent partition are looked up as well, whatever their state.
  [[nodiscard]] std::vector<TopicId> take_lookups(TimePoint now, bool window_is_full);
  /// When `take_lookups` will have something to say next.
  [[nodiscard]] std::optional<TimePoint> next_lookup(TimePoint now, bool window_is_full) const;
  /// A topic can take rows. Returns those that waited for it, and the lowest id of those that had to leave
  /// the window because it could not.
  struct Reopened {
    std::vector<InFlight*> waiting;
    InFlight* leaving = nullptr;  ///< kept in vain: rows before it have left the window
    std::optional<RowId> lowest;
  };
  Reopened topic_opened(TopicId topic, std::int32_t partitions, std::optional<Bytes> largest_record,
                        TimePoint now);
  /// A look-up has been answered, so brokers can be reached: a partition that is silent all the same for
  /// `silence_limit` more is on trial. (Its leader is gone or stuck, or it has too few replicas in sync.)
  /// With `message.timeout.ms=0` its rows would stay for ever where they are, until they are the whole window
  /// and nothing else is read; so the producer has to give them back. Returns whether it has to now.
  [[nodiscard]] bool puts_on_trial(TopicId topic, const std::string& name, TimePoint now);
  /// Topics of which a partition is still on trial and has lost the row that tried: those that had to leave
  /// come before any other one of it.
  [[nodiscard]] std::vector<TopicId> take_untried() { return std::exchange(untried_, {}); }
  /// The lowest id of the rows of an open topic that had to leave the window; forgets it.
  [[nodiscard]] std::optional<RowId> take_left(TopicId topic);
  /// A topic cannot take rows. Returns those that were waiting for it, which must leave the window; or, where
  /// it `gives_up` the topic, are to be refused.
  std::vector<InFlight*> topic_closed(TopicId topic, Failure failure, TimePoint now);
  /// Remembers a row of a closed topic, which is to be read again when the topic opens.
  void hold(const InFlight& row);
  /// A row came back because its topic takes nothing, for this reason. Keeps the lowest of them, to try with.
  /// Returns the row that has to leave the window for it, which may be this one; nothing: none.
  [[nodiscard]] InFlight* keep(InFlight& row, const Failure& failure);
  /// The row will not be published; so it is not one to try with.
  void give_up(const InFlight& row);

  /// Whether the topic has been missing for too long.
  [[nodiscard]] bool gives_up(TopicId topic, TimePoint now);
  /// The lowest id of the rows that left the window for topics which have been missing for too long since the
  /// last call: they are to be read again, and refused.
  [[nodiscard]] std::optional<RowId> take_given_up(TimePoint now);
  /// The configuration names this topic: that it is missing is a mistake somewhere.
  void expect(TopicId topic) { this->topic(topic).is_expected = true; }

  [[nodiscard]] std::size_t held_topics() const;
  /// The lowest id of any held row, sequence ids only.
  [[nodiscard]] std::optional<std::int64_t> lowest_held() const;
  /// Whether none of the topic's partitions takes any row.
  [[nodiscard]] bool is_closed(TopicId topic) const;
  /// Why the topic is held; nothing when it is not.
  [[nodiscard]] const Failure* held_because(TopicId topic) const;
  /// Whether a topic is held that only a person can open.
  [[nodiscard]] bool needs_operator() const;

 private:
  enum class Gate : std::uint8_t { closed, probing, open };
  struct Lane {
    Gate gate = Gate::closed;
    std::deque<InFlight*> waiting;
    TimePoint last_ack;                  ///< to the main producer, whose place with the broker is kept by it
    TimePoint last_taken;                ///< from any producer
    std::size_t published = 0;           ///< handed over, no report yet
    TimePoint last_report;               ///< or when the first of those was handed over
    std::optional<TimePoint> silent_at;  ///< a look-up was answered while it was silent: the first one, then
    /// One row tries; the others leave the window, and are read again when that one is acknowledged.
    bool is_on_trial = false;
  };
  /// `trial`: found, but rows were refused before; the kept row goes, all others leave the window until that
  /// is acknowledged.
  enum class TopicState : std::uint8_t { unknown, looking_up, open, trial, held };
  struct Topic {
    TopicState state = TopicState::unknown;
    InFlight* kept = nullptr;        ///< to try with when the topic is found
    std::vector<Lane> lanes;         ///< one a partition
    std::vector<InFlight*> waiting;  ///< for the look-up
    std::optional<RowId> lowest_held;
    Failure failure;
    std::optional<Backoff> backoff;
    TimePoint look_up_at;
    std::optional<Bytes> largest_record;
    bool is_expected = false;
    std::optional<TimePoint> missing_since;

    std::optional<TimePoint> silence_asked_at;

    [[nodiscard]] bool can_be_looked_up() const;
    [[nodiscard]] bool is_held() const;
  };
  /// When a look-up can help a topic with a silent partition.
  [[nodiscard]] static std::optional<TimePoint> silence_lookup_at(const Topic& topic);
  [[nodiscard]] bool is_expected(const Topic& topic) const;
  [[nodiscard]] std::optional<TimePoint> given_up_at(const Topic& topic) const;

  Topic& topic(TopicId id);
  Lane* lane_of(const InFlight& row);
  void leave_ready(const InFlight& row);
  void close_gate(TopicId topic, Lane& lane);
  std::variant<std::int32_t, Failure> partition_for(const InFlight& row, std::int32_t partitions) const;

  const Routing* routing_;
  std::optional<std::chrono::milliseconds> topic_grace_;
  PartitionOf partition_of_;
  Random random_;
  std::vector<Topic> topics_;
  std::deque<InFlight*> ready_;
  std::vector<TopicId> untried_;
  TimePoint last_taken_;
};

}  // namespace outbox_relay::core
