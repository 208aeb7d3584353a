#pragma once

#include <librdkafka/rdkafka.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "support/kafka_admin.h"
#include "support/server_script.h"

namespace outbox_relay::bench {

/// The one Kafka broker of all runs. Failures throw std::runtime_error.
class Broker {
 public:
  Broker();

  [[nodiscard]] const std::string& bootstrap() const { return script_.variable("KAFKA_BOOTSTRAP"); }
  [[nodiscard]] pid_t process() const;

 private:
  friend class Topic;

  testing::ServerScript script_{"kafka"};
  std::unique_ptr<testing::KafkaAdmin> admin_;
  std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> client_;
};

/// An empty topic with six partitions for one run, deleted with this object. The broker must outlive it.
class Topic {
 public:
  /// `max_message_bytes`: 0 for Kafka's default.
  explicit Topic(Broker& broker, int max_message_bytes = 0);
  ~Topic();
  Topic(const Topic&) = delete;
  Topic& operator=(const Topic&) = delete;

  static constexpr int partitions = 6;
  /// The name of a topic that nobody makes.
  static constexpr const char* missing = "missing";

  [[nodiscard]] const std::string& name() const { return name_; }
  /// As many as the partitions' end offsets say.
  [[nodiscard]] std::int64_t records() const;

 private:
  [[nodiscard]] std::int64_t records_of(std::int32_t partition) const;

  Broker& broker_;
  std::string name_;
};

}  // namespace outbox_relay::bench
