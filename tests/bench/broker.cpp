#include "broker.h"

#include <array>
#include <stdexcept>

#include "support/eventually.h"

namespace outbox_relay::bench {
namespace {

constexpr int patience_ms = 30'000;

std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> make_client(const std::string& bootstrap) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  rd_kafka_conf_set(configuration, "bootstrap.servers", bootstrap.c_str(), nullptr, 0);
  rd_kafka_conf_set(configuration, "log_level", "3", nullptr, 0);
  std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> client{
      rd_kafka_new(RD_KAFKA_PRODUCER, configuration, problem.data(), problem.size()), rd_kafka_destroy};
  if (!client) throw std::runtime_error(problem.data());
  return client;
}

std::string next_name() {
  static int number = 0;
  return "orders." + std::to_string(++number);
}

}  // namespace

Broker::Broker() : client_(nullptr, rd_kafka_destroy) {
  // A deleted topic's files go at once instead of after a minute.
  script_.start({"log.segment.delete.delay.ms=100"}, {"--brokers", "1"});
  admin_ = std::make_unique<testing::KafkaAdmin>(bootstrap());
  client_ = make_client(bootstrap());
}

pid_t Broker::process() const {
  return std::stoi(script_.variable("KAFKA_PID_1"));
}

Topic::Topic(Broker& broker, int max_message_bytes) : broker_(broker), name_(next_name()) {
  broker_.admin_->create_topic(name_, partitions);
  if (max_message_bytes > 0)
    broker_.admin_->set_property(name_, "max.message.bytes", std::to_string(max_message_bytes));
}

Topic::~Topic() {
  rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(name_.c_str());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(broker_.client_.get());
  rd_kafka_DeleteTopics(broker_.client_.get(), &topic, 1, nullptr, queue);
  if (rd_kafka_event_t* event = rd_kafka_queue_poll(queue, patience_ms)) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_DeleteTopic_destroy(topic);
}

std::int64_t Topic::records_of(std::int32_t partition) const {
  std::int64_t low = 0;
  std::int64_t high = 0;
  auto error = RD_KAFKA_RESP_ERR_NO_ERROR;
  // The client may still hold what it was told before the topic was there.
  const bool is_answered = testing::eventually([&] {
    error = rd_kafka_query_watermark_offsets(broker_.client_.get(), name_.c_str(), partition, &low, &high,
                                             patience_ms);
    return error != RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION &&
           error != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
           error != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION && error != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  });
  if (!is_answered || error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  return high - low;
}

std::int64_t Topic::records() const {
  std::int64_t sum = 0;
  for (int partition = 0; partition < partitions; ++partition) sum += records_of(partition);
  return sum;
}

}  // namespace outbox_relay::bench
