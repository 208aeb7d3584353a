// What a cluster's operator does to it while a relay is at work.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kafka/handles.h"

namespace outbox_relay::kafka::testing {

/// An administrator's client. Each call waits for the brokers' answer and throws std::runtime_error when it
/// is none or an error.
class Admin {
 public:
  using Properties = std::vector<std::pair<std::string, std::string>>;

  explicit Admin(const std::string& bootstrap, const Properties& properties = {});

  void create_topic(const std::string& name, int partitions = 1);
  void grow_topic(const std::string& name, int partitions);
  /// In the place of all that was set for the topic before.
  void set_property(const std::string& topic, const std::string& name, const std::string& value);
  void allow(const std::string& user, const std::string& topic, rd_kafka_AclOperation_t operation);
  void no_longer_allow(const std::string& user, const std::string& topic, rd_kafka_AclOperation_t operation);

 private:
  [[nodiscard]] EventHandle answer();

  ClientHandle client_;
  QueueHandle queue_;
};

}  // namespace outbox_relay::kafka::testing
