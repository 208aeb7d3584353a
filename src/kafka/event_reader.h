#pragma once

#include <cstddef>
#include <optional>

#include "kafka/handles.h"
#include "kafka/log.h"
#include "relay/ports.h"

namespace outbox_relay::kafka {

class Producer;

/// Turns librdkafka's events into what the port reports, and keeps what must be remembered for it: how many
/// records have no report yet, whether this producer's end was told, whether there is trouble.
///
/// Trouble is a state, of which the changes are reported. It begins with what only a person can mend (a
/// refused login), with a broker that fails while records wait, or with a look-up that nobody answers; a
/// broker that closes an idle connection is none. It ends with an ack, or with an answered look-up when no
/// record waits.
///
/// Lives on its pipeline's thread.
class EventReader {
 public:
  explicit EventReader(LogCallback log) : log_(std::move(log)) {}

  /// A record was handed over.
  void handed_over() { ++outstanding_; }
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }

  /// Reads one event of the producer into `into`.
  void read(const Producer& producer, rd_kafka_event_t& event, relay::SinkEvents& into);
  /// The producer cannot go on, although it did not say so.
  void producer_failed(core::Failure failure, relay::SinkEvents& into);
  /// A new producer has taken the place of the one before, all of whose records have their reports.
  void producer_replaced();

  void look_up_failed(core::Failure failure);
  void look_up_answered();
  /// Says what has changed since the last time.
  void report_trouble(relay::SinkEvents& into);

 private:
  [[nodiscard]] relay::DeliveryReport delivered(const rd_kafka_message_t& message);
  void read_error(const Producer& producer, rd_kafka_event_t& event, relay::SinkEvents& into);
  void read_log(rd_kafka_event_t& event) const;
  void begin_trouble(core::Failure failure);

  LogCallback log_;
  std::size_t outstanding_ = 0;
  bool told_end_ = false;
  std::optional<core::Failure> broker_failure_;  ///< the last one seen, to say why a look-up has no answer
  std::optional<core::Failure> trouble_;
  std::optional<core::Remedy> told_trouble_;
};

}  // namespace outbox_relay::kafka
