// What a cluster's operator does to it while a relay is at work.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace outbox_relay::testing {

/// An administrator's client. Each call waits for the brokers' answer and throws std::runtime_error when it
/// is none or an error.
class KafkaAdmin {
 public:
  using Properties = std::vector<std::pair<std::string, std::string>>;

  explicit KafkaAdmin(const std::string& bootstrap, const Properties& properties = {});

  void create_topic(const std::string& name, int partitions = 1);
  void grow_topic(const std::string& name, int partitions);
  /// In the place of all that was set for the topic before.
  void set_property(const std::string& topic, const std::string& name, const std::string& value);
  void allow(const std::string& user, const std::string& topic, rd_kafka_AclOperation_t operation) {
    add({user, topic, operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW});
  }
  void no_longer_allow(const std::string& user, const std::string& topic, rd_kafka_AclOperation_t operation) {
    remove({user, topic, operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW});
  }
  void deny(const std::string& user, const std::string& topic, rd_kafka_AclOperation_t operation) {
    add({user, topic, operation, RD_KAFKA_ACL_PERMISSION_TYPE_DENY});
  }
  void no_longer_deny(const std::string& user, const std::string& topic, rd_kafka_AclOperation_t operation) {
    remove({user, topic, operation, RD_KAFKA_ACL_PERMISSION_TYPE_DENY});
  }

 private:
  struct Acl {
    std::string user;
    std::string topic;
    rd_kafka_AclOperation_t operation;
    rd_kafka_AclPermissionType_t permission;
  };
  void add(const Acl& acl);
  void remove(const Acl& acl);
  [[nodiscard]] std::shared_ptr<rd_kafka_event_t> answer();

  std::shared_ptr<rd_kafka_t> client_;
  std::shared_ptr<rd_kafka_queue_t> queue_;
};

}  // namespace outbox_relay::testing
