#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kafka/producer.h"
#include "outbox.h"

namespace outbox_relay::bench {

/// Makes records as the relay's default configuration does and hands them to a producer with the relay's own
/// settings. A record that is not delivered ends the program. For one thread.
class Publisher {
 public:
  Publisher(const std::string& bootstrap, const std::string& topic);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// The row's page has to stay until the row is acknowledged.
  void publish(FetchedRow& row);
  /// Adds the rows that were acknowledged since. Never blocks.
  void collect(std::vector<FetchedRow*>& acknowledged);
  /// Becomes readable when there is something to collect.
  [[nodiscard]] int event_fd() const { return event_fd_; }
  /// Waits until there is something to collect.
  void wait() const;
  /// Waits until every record was delivered, as `rd_kafka_flush` does.
  void flush(std::vector<FetchedRow*>& acknowledged);

 private:
  [[nodiscard]] kafka::HeadersHandle headers_of(const postgres::Result& page, int row);

  int event_fd_;
  kafka::Producer producer_;
  kafka::TopicHandle topic_;
  std::int32_t partitions_ = 0;
  std::size_t outstanding_ = 0;
  std::string message_id_;
};

}  // namespace outbox_relay::bench
