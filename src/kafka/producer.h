#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/failure.h"
#include "core/row.h"
#include "kafka/handles.h"
#include "kafka/properties.h"

namespace outbox_relay::kafka {

/// One record to be produced. What the views show must stay in place until its delivery report; nothing is
/// copied but the key.
struct Record {
  rd_kafka_topic_t* topic = nullptr;
  std::int32_t partition = 0;
  core::Value key{};
  core::Value value{};
  HeadersHandle headers{};
  /// Milliseconds since the epoch, above 0; nothing: librdkafka's present time.
  std::optional<std::int64_t> timestamp{};
  void* opaque = nullptr;  ///< comes back with the delivery report
};

/// What becomes of a producer when Kafka refuses what it sent.
enum class ProducerKind : std::uint8_t {
  batches,  ///< it comes to its end, and nothing behind the refused batch is delivered
  probe,    ///< it goes on with the next record; for one record at a time
};

/// Why librdkafka would make no producer of these settings, or nothing. Asks no server; takes some
/// milliseconds.
[[nodiscard]] std::optional<core::Failure> refusal_of(ProducerSettings settings);

/// One librdkafka producer and the queue on which all its events arrive: delivery reports, errors, log lines.
///
/// `client` may be used by any thread, the rest by the pipeline's only. The destructor joins librdkafka's
/// threads. What bounds it is their longest uninterruptible call: a name resolution (the resolver's timeouts,
/// 10 s and more when DNS is dead); connecting, sending and waiting are interrupted at once. So it runs on
/// the housekeeper's thread.
class Producer {
 public:
  /// Events wake up `event_fd`, an eventfd that stays open until `disarm`. Throws `core::FailureError` when
  /// librdkafka refuses the settings.
  Producer(const ProducerSettings& settings, int event_fd, ProducerKind kind = ProducerKind::batches);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  [[nodiscard]] rd_kafka_t* client() const { return client_.get(); }
  /// A handle must be gone before its producer is. The name is one that Kafka takes.
  [[nodiscard]] TopicHandle make_topic(const std::string& name) const;
  /// The property `batch.size`: a batch of several records is not larger than so many bytes.
  [[nodiscard]] int batch_size() const;

  /// Hands a record over. Nothing: there will be a delivery report; else there will be none. Never blocks.
  [[nodiscard]] ErrorHandle produce(Record record);
  /// From now on the client logs in with this name and password. Connections that are there stay.
  void set_login(const std::string& username, const std::string& password);
  /// The next event, nothing when there is none now. Never blocks.
  [[nodiscard]] EventHandle poll();
  /// Takes back what no broker has been sent (`RD_KAFKA_PURGE_F_QUEUE`), what waits for a broker's answer
  /// (`RD_KAFKA_PURGE_F_INFLIGHT`), or both. Does not wait: every record taken back gets its report.
  void purge(int what);
  /// No event wakes up anybody any more.
  void disarm();

 private:
  ClientHandle client_;
  QueueHandle queue_;
};

}  // namespace outbox_relay::kafka
