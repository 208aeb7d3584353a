#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "kafka/handles.h"
#include "kafka/log.h"
#include "kafka/producer.h"
#include "kafka/secrets.h"
#include "relay/ports.h"

namespace outbox_relay::kafka {

/// A failure that a producer cannot go on after: a new one is needed, or a person.
[[nodiscard]] core::Failure as_end(core::Failure failure);

/// Turns the events of one kind of producer into what the port reports, and keeps what must be remembered of
/// them: how many records have no report yet, whether the present producer came to its end, whether there is
/// trouble.
///
/// Trouble begins with what only a person can mend (a refused login), with a broker that fails while records
/// wait, or with a look-up that nobody answers; a broker that closes an idle connection is none. It ends with
/// an ack, or with an answered look-up when no record waits.
///
/// Lives on its pipeline's thread.
class EventReader {
 public:
  EventReader(ProducerKind kind, LogCallback log, Secrets secrets = Secrets{})
      : kind_(kind), log_(std::move(log)), secrets_(std::move(secrets)) {}

  /// A record was handed over.
  void handed_over() { ++outstanding_; }
  [[nodiscard]] std::size_t outstanding() const { return outstanding_; }

  /// Reads one event of the producer; delivery reports go to `into`.
  void read(const Producer& producer, rd_kafka_event_t& event, std::vector<relay::DeliveryReport>& into);
  /// Values that no text of a producer may show, beside those before.
  void hide(const std::vector<std::string>& values) { secrets_.add(values); }
  /// Whether a login was refused since this was last asked.
  [[nodiscard]] bool take_refused_login() { return std::exchange(login_refused_, false); }
  /// The producer cannot go on, although it did not say so.
  void producer_failed(core::Failure failure);
  /// Why the present producer came to its end; nothing: it goes on.
  [[nodiscard]] const std::optional<core::Failure>& end() const { return end_; }
  /// Another producer takes the place of the one before, all of whose records have their reports.
  void producer_replaced();

  void look_up_failed(core::Failure failure);
  void look_up_answered();
  [[nodiscard]] const std::optional<core::Failure>& trouble() const { return trouble_; }

 private:
  [[nodiscard]] relay::DeliveryReport delivered(const rd_kafka_message_t& message);
  void read_error(const Producer& producer, rd_kafka_event_t& event);
  void read_log(rd_kafka_event_t& event) const;
  void begin_trouble(core::Failure failure);

  ProducerKind kind_;
  LogCallback log_;
  Secrets secrets_;
  std::size_t outstanding_ = 0;
  std::optional<core::Failure> end_;
  std::optional<core::Failure> broker_failure_;  ///< the last one seen, to say why a look-up has no answer
  std::optional<core::Failure> trouble_;
  bool login_refused_ = false;
};

}  // namespace outbox_relay::kafka
