#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/routing.h"
#include "kafka/event_reader.h"
#include "kafka/handles.h"
#include "kafka/producer.h"
#include "kafka/properties.h"
#include "relay/ports.h"

namespace outbox_relay::kafka {

class Housekeeper;

/// Producers with the same settings, one at a time: the present one, made when it is first needed; its topic
/// handles, which must be gone before it is; and what was understood of its events. When a login is refused,
/// the next one is tried with the password as it is now.
///
/// The housekeeper destroys the producers, the last one after this object is gone: it and the eventfd must
/// outlive this object. Lives on its pipeline's thread.
class Channel {
 public:
  /// While records are taken back, how often to do so again: one that a broker refuses for now goes back to
  /// the queue, where it would stay without a report.
  static constexpr std::chrono::milliseconds purge_interval{50};

  Channel(ProducerSettings settings, ProducerKind kind, Housekeeper& housekeeper, int event_fd,
          LogCallback log);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Makes a producer where there is none. Throws `core::FailureError` when librdkafka refuses to.
  void open();
  /// Nothing when there is none.
  [[nodiscard]] const std::shared_ptr<Producer>& producer() const { return producer_; }
  /// Lets go of the producer, all of whose records have their reports.
  void close();

  /// Hands a record over, to a new producer where there is none; see `open` and `Producer::produce`. The
  /// record's topic is filled in here.
  [[nodiscard]] ErrorHandle produce(core::TopicId topic, const std::string& name, Record record);
  [[nodiscard]] std::size_t outstanding() const { return reader_.outstanding(); }
  /// Reads what the producer has to say. Returns whether there may be more.
  [[nodiscard]] bool collect(std::vector<relay::DeliveryReport>& into);
  void purge(int what);
  /// What was understood of all this.
  [[nodiscard]] EventReader& reader() { return reader_; }
  [[nodiscard]] const EventReader& reader() const { return reader_; }

 private:
  void let_go();
  void renew_login();
  rd_kafka_topic_t* handle_of(core::TopicId topic, const std::string& name);

  ProducerSettings settings_;
  ProducerKind kind_;
  Housekeeper& housekeeper_;
  int event_fd_;
  LogCallback log_;
  EventReader reader_;
  std::shared_ptr<Producer> producer_;
  std::vector<TopicHandle> handles_;  ///< by the topics' ids, made when first needed
};

}  // namespace outbox_relay::kafka
