#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "virtual_time.h"

namespace outbox_relay::simulation {

/// What consumers would read.
struct Record {
  std::string topic;
  std::int32_t partition = 0;
  std::string key;  ///< empty: none
  int version = 0;
  std::string message_id;
};

/// The brokers: topics that may be missing for a while, and what has been written to them for good.
struct SimulatedKafka {
  static constexpr std::int32_t partitions = 2;

  std::set<std::string> missing_topics;
  std::set<std::string> denied_topics;                               ///< found, but nobody may write to them
  std::set<std::pair<std::string, std::int32_t>> silent_partitions;  ///< their leaders give no answer
  std::set<std::string> bad_messages;  ///< ids of messages that are refused, with the request they came in
  std::set<std::string> unexplained_messages;  ///< those of them for which no reason is given
  bool is_moody = false;                 ///< refuses good requests, too, now and then and without a reason
  bool loses_last_answers_only = false;  ///< of each partition, when a producer comes to its end
  std::vector<Record> log;               ///< in the order of arrival, all partitions

  /// The dead letter topic takes everything.
  [[nodiscard]] bool refuses(const Record& record) const {
    return bad_messages.contains(record.message_id) && !record.topic.starts_with("dead");
  }
};

/// A producer with all the freedom that librdkafka has: reports late, in batches, out of order between
/// partitions, lost together with the producer although the record was written, topics that vanish under it.
class SimulatedSink : public relay::Sink {
 public:
  SimulatedSink(boost::asio::io_context& io, Timeline& timeline, Dice& dice, SimulatedKafka& kafka);
  ~SimulatedSink() override;

  // The port.
  relay::Publication publish(core::InFlight& row) override;
  void look_up(core::TopicId topic, const std::string& name) override;
  std::int32_t partition_of(const core::Value& key, std::int32_t partitions) override;
  awaitable<void> next_events(relay::SinkEvents& events) override;
  void interrupt() override { door_.open(); }
  awaitable<std::vector<relay::DeliveryReport>> rebuild(std::chrono::milliseconds patience) override;

  // Faults.
  void break_producer();
  /// The topic vanishes: what is on its way to it comes back.
  void lose_topic(const std::string& name);
  /// Partitions that were silent go on.
  void hear();
  /// What was on its way when the process was killed may have been written, or not.
  void be_killed();

  /// How many records were written without anybody being told.
  [[nodiscard]] std::size_t lost_answers() const { return lost_answers_; }
  /// The first rule that the pipeline broke, or empty.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  /// Calm brokers: no more queue-full answers.
  bool is_calm = false;

 private:
  struct Sent {
    core::InFlight* row = nullptr;
    Record record;
    bool is_written = false;
  };
  using Queue = std::deque<Sent>;
  using Place = std::pair<std::uint32_t, std::int32_t>;  // topic, partition

  void work_on(Place place);
  [[nodiscard]] bool is_silent(Place place) const;
  bool refuse_request(Queue& queue, std::size_t batch);
  void publish_alone(core::InFlight& row);
  void judge_alone();
  void write(Sent& sent);
  void report(core::InFlight* row, std::optional<core::Failure> failure);

  Door door_;
  Timeline& timeline_;
  Dice& dice_;
  SimulatedKafka& kafka_;
  std::map<std::uint32_t, std::string> names_;
  std::map<Place, Queue> queues_;
  std::optional<Sent> alone_;  ///< the suspect that is out
  std::set<Place> proven_;     ///< partitions with an ack under this producer
  relay::SinkEvents events_;
  bool is_broken_ = false;
  std::size_t generation_ = 0;
  std::size_t lost_answers_ = 0;
  std::string violation_;
  std::shared_ptr<SimulatedSink*> alive_;  ///< what is scheduled finds out here that the sink is gone
};

}  // namespace outbox_relay::simulation
