// librdkafka's own mock brokers, for what a real broker does not do on demand. They fence nothing and check
// no sequence numbers: what is about the truth of acks is tested against real ones.
#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "kafka/handles.h"

namespace outbox_relay::kafka::testing {

class MockCluster {
 public:
  static constexpr std::int16_t produce = 0;
  static constexpr std::int16_t metadata = 3;
  static constexpr std::int16_t init_producer_id = 22;

  MockCluster() : client_(rd_kafka_new(RD_KAFKA_PRODUCER, quiet(), nullptr, 0)) {
    cluster_.reset(rd_kafka_mock_cluster_new(client_.get(), 1));
  }

  [[nodiscard]] std::string bootstrap() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }
  void create_topic(const std::string& name, int partitions = 1) {
    rd_kafka_mock_topic_create(cluster_.get(), name.c_str(), partitions, 1);
  }
  /// What every look-up of the topic is answered with.
  void set_topic_error(const std::string& name, rd_kafka_resp_err_t error) {
    rd_kafka_mock_topic_set_error(cluster_.get(), name.c_str(), error);
  }
  void remove_leader(const std::string& name, std::int32_t partition) {
    rd_kafka_mock_partition_set_leader(cluster_.get(), name.c_str(), partition, -1);
  }
  /// The next requests of a kind are answered with these errors, one after the other.
  void fail_next(std::int16_t request, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_.get(), request, errors.size(), errors.data());
  }
  /// Every answer is late by this much.
  void delay_answers(std::chrono::milliseconds delay) {
    rd_kafka_mock_broker_set_rtt(cluster_.get(), -1, static_cast<int>(delay.count()));
  }
  /// Connections are refused.
  void go_away() { rd_kafka_mock_broker_set_down(cluster_.get(), 1); }
  void come_back() { rd_kafka_mock_broker_set_up(cluster_.get(), 1); }

 private:
  static rd_kafka_conf_t* quiet() {
    rd_kafka_conf_t* configuration = rd_kafka_conf_new();
    rd_kafka_conf_set(configuration, "log_level", "0", nullptr, 0);
    return configuration;
  }

  ClientHandle client_;
  std::unique_ptr<rd_kafka_mock_cluster_t, Destroyer<rd_kafka_mock_cluster_destroy>> cluster_;
};

}  // namespace outbox_relay::kafka::testing
