#include "support/kafka_server.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "support/eventually.h"

namespace outbox_relay::testing {
namespace {

constexpr std::chrono::milliseconds limit{30'000};
constexpr int limit_ms = static_cast<int>(limit.count());

struct Destroy {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_DeleteTopic_t* topic) const { rd_kafka_DeleteTopic_destroy(topic); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
template <typename T>
using Handle = std::unique_ptr<T, Destroy>;

[[noreturn]] void fail(const std::string& what, std::string_view why) {
  throw std::runtime_error(what + ": " + std::string{why});
}

void require(rd_kafka_resp_err_t error, const std::string& what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(what, rd_kafka_err2str(error));
}

Handle<rd_kafka_t> make_client(rd_kafka_type_t type, const KafkaServer::Settings& settings) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  // Errors only: a topic whose leaders are still being chosen is worth a notice to librdkafka.
  rd_kafka_conf_set(configuration, "log_level", "3", nullptr, 0);
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(configuration);
      fail("Kafka client", problem.data());
    }
  }
  Handle<rd_kafka_t> client{rd_kafka_new(type, configuration, problem.data(), problem.size())};
  if (!client) {
    rd_kafka_conf_destroy(configuration);
    fail("Kafka client", problem.data());
  }
  return client;
}

/// Waits for the answer to one administrative request about one topic and throws its error.
void finish_request(rd_kafka_queue_t* queue, const std::string& what) {
  const Handle<rd_kafka_event_t> event{rd_kafka_queue_poll(queue, limit_ms)};
  if (!event) fail(what, "no answer");
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    fail(what, rd_kafka_event_error_string(event.get()));
  }
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results = nullptr;
  if (const auto* created = rd_kafka_event_CreateTopics_result(event.get())) {
    results = rd_kafka_CreateTopics_result_topics(created, &count);
  } else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(event.get())) {
    results = rd_kafka_DeleteTopics_result_topics(deleted, &count);
  }
  for (std::size_t i = 0; i < count; ++i) require(rd_kafka_topic_result_error(results[i]), what);
}

/// The ids of a topic's partitions; empty while one of them has no leader.
std::vector<std::int32_t> led_partitions(rd_kafka_t* client, rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* raw = nullptr;
  if (rd_kafka_metadata(client, 0, topic, &raw, limit_ms) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const Handle<const rd_kafka_metadata_t> metadata{raw};
  std::vector<std::int32_t> partitions;
  if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  for (int i = 0; i < metadata->topics[0].partition_cnt; ++i) {
    const auto& partition = metadata->topics[0].partitions[i];
    if (partition.leader < 0) return {};
    partitions.push_back(partition.id);
  }
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

std::optional<std::string> bytes(const void* data, std::size_t length) {
  if (data == nullptr) return std::nullopt;
  return std::string{static_cast<const char*>(data), length};
}

ConsumedRecord to_record(const rd_kafka_message_t& message) {
  ConsumedRecord record;
  record.partition = message.partition;
  record.offset = message.offset;
  record.key = bytes(message.key, message.key_len);
  record.value = bytes(message.payload, message.len);
  record.timestamp = std::chrono::milliseconds{rd_kafka_message_timestamp(&message, nullptr)};
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t length = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &length) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.headers.push_back({name, bytes(value, length)});
    }
  }
  return record;
}

/// Reads one partition from its start until the consumer reports its end.
void consume_partition(rd_kafka_topic_t* topic, std::int32_t partition,
                       std::vector<ConsumedRecord>& records) {
  const std::string what = std::string{"reading "} + rd_kafka_topic_name(topic);
  if (rd_kafka_consume_start(topic, partition, RD_KAFKA_OFFSET_BEGINNING) != 0) {
    require(rd_kafka_last_error(), what);
  }
  for (bool ended = false; !ended;) {
    const Handle<rd_kafka_message_t> message{rd_kafka_consume(topic, partition, limit_ms)};
    if (!message) fail(what, "nothing more came, and not the end either");
    ended = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (!ended) {
      require(message->err, what);
      records.push_back(to_record(*message));
    }
  }
  rd_kafka_consume_stop(topic, partition);
}

}  // namespace

KafkaServer::KafkaServer(int brokers, const std::vector<std::string>& settings) {
  script_.start(settings, {"--brokers", std::to_string(brokers)});
}

KafkaServer::KafkaServer(const Certificates& certificates, const std::vector<std::string>& settings) {
  script_.start(settings, {"--secure", certificates.folder()});
}

void KafkaServer::create_topic(const std::string& name, int partitions, const Settings& config) const {
  const auto client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap()}});
  std::array<char, 512> problem{};
  const Handle<rd_kafka_NewTopic_t> topic{
      rd_kafka_NewTopic_new(name.c_str(), partitions, -1, problem.data(), problem.size())};
  if (!topic) fail("creating " + name, problem.data());
  for (const auto& [key, value] : config) {
    require(rd_kafka_NewTopic_set_config(topic.get(), key.c_str(), value.c_str()), "creating " + name);
  }
  const Handle<rd_kafka_queue_t> queue{rd_kafka_queue_new(client.get())};
  rd_kafka_NewTopic_t* request = topic.get();
  rd_kafka_CreateTopics(client.get(), &request, 1, nullptr, queue.get());
  finish_request(queue.get(), "creating " + name);

  const Handle<rd_kafka_topic_t> handle{rd_kafka_topic_new(client.get(), name.c_str(), nullptr)};
  const auto wanted = static_cast<std::size_t>(partitions);
  if (!eventually([&] { return led_partitions(client.get(), handle.get()).size() == wanted; })) {
    fail("creating " + name, "its partitions have no leaders");
  }
}

void KafkaServer::delete_topic(const std::string& name) const {
  const auto client = make_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", bootstrap()}});
  const Handle<rd_kafka_DeleteTopic_t> topic{rd_kafka_DeleteTopic_new(name.c_str())};
  const Handle<rd_kafka_queue_t> queue{rd_kafka_queue_new(client.get())};
  rd_kafka_DeleteTopic_t* request = topic.get();
  rd_kafka_DeleteTopics(client.get(), &request, 1, nullptr, queue.get());
  finish_request(queue.get(), "deleting " + name);
}

std::vector<ConsumedRecord> KafkaServer::consume_all(const std::string& topic) const {
  const auto client = make_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", bootstrap()},
                                                      {"enable.partition.eof", "true"},
                                                      {"fetch.wait.max.ms", "10"},
                                                      {"fetch.message.max.bytes", "33554432"},
                                                      {"receive.message.max.bytes", "134217728"}});
  const Handle<rd_kafka_topic_t> handle{rd_kafka_topic_new(client.get(), topic.c_str(), nullptr)};
  std::vector<std::int32_t> partitions;
  if (!eventually([&] { return !(partitions = led_partitions(client.get(), handle.get())).empty(); })) {
    fail("reading " + topic, "there is no such topic, or it has no leaders");
  }
  std::vector<ConsumedRecord> records;
  for (const auto partition : partitions) consume_partition(handle.get(), partition, records);
  return records;
}

}  // namespace outbox_relay::testing
