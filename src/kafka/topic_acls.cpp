#include "kafka/topic_acls.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <span>

#include "kafka/producer.h"

namespace outbox_relay::kafka {

#if RD_KAFKA_VERSION >= 0x02030000

namespace {

using TopicsHandle = std::unique_ptr<rd_kafka_TopicCollection_t, Destroyer<rd_kafka_TopicCollection_destroy>>;

AdminOptionsHandle options_for(const Producer& producer, std::chrono::milliseconds timeout) {
  AdminOptionsHandle options{rd_kafka_AdminOptions_new(producer.client(), RD_KAFKA_ADMIN_OP_DESCRIBETOPICS)};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()), nullptr, 0);
  const ErrorHandle never{rd_kafka_AdminOptions_set_include_authorized_operations(options.get(), 1)};
  return options;
}

}  // namespace

std::optional<bool> may_write(const Producer& producer, const std::string& topic,
                              std::chrono::milliseconds timeout) {
  const AdminOptionsHandle options = options_for(producer, timeout);
  const QueueHandle queue{rd_kafka_queue_new(producer.client())};
  const char* name = topic.c_str();
  const TopicsHandle topics{rd_kafka_TopicCollection_of_topic_names(&name, 1)};
  rd_kafka_DescribeTopics(producer.client(), topics.get(), options.get(), queue.get());

  const auto patience = timeout + std::chrono::seconds{1};
  const EventHandle event{rd_kafka_queue_poll(queue.get(), static_cast<int>(patience.count()))};
  if (!event || rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  std::size_t count = 0;
  const rd_kafka_TopicDescription_t** answers =
      rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event.get()), &count);
  if (count != 1) return std::nullopt;
  const rd_kafka_AclOperation_t* first = rd_kafka_TopicDescription_authorized_operations(answers[0], &count);
  if (first == nullptr) return std::nullopt;
  const std::span<const rd_kafka_AclOperation_t> operations{first, count};
  return std::ranges::find(operations, RD_KAFKA_ACL_OPERATION_WRITE) != operations.end();
}

#else

std::optional<bool> may_write(const Producer&, const std::string&, std::chrono::milliseconds) {
  return std::nullopt;
}

#endif

}  // namespace outbox_relay::kafka
