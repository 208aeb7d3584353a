#include "kafka/topic_limits.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <span>
#include <string_view>

#include "kafka/classify.h"
#include "kafka/producer.h"

namespace outbox_relay::kafka {
namespace {

// A broker that is named: else it is the controller, which may be away while others answer.
AdminOptionsHandle options_for(const Producer& producer, std::int32_t broker,
                               std::chrono::milliseconds timeout) {
  AdminOptionsHandle options{rd_kafka_AdminOptions_new(producer.client(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)};
  rd_kafka_AdminOptions_set_broker(options.get(), broker, nullptr, 0);
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()), nullptr, 0);
  return options;
}

std::string refusal(rd_kafka_resp_err_t code, const char* detail) {
  return classify(code, Origin::topic, detail == nullptr ? std::string_view{} : detail).message;
}

template <typename Number>
std::optional<Number> number_of(std::span<const rd_kafka_ConfigEntry_t* const> entries,
                                std::string_view name) {
  const auto entry = std::ranges::find(entries, name, [](const rd_kafka_ConfigEntry_t* each) {
    return std::string_view{rd_kafka_ConfigEntry_name(each)};
  });
  const char* const text = entry == entries.end() ? nullptr : rd_kafka_ConfigEntry_value(*entry);
  if (text == nullptr) return std::nullopt;
  Number number{};
  const std::string_view digits{text};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} ? std::optional{number} : std::nullopt;
}

std::variant<TopicProperties, std::string> properties_among(const rd_kafka_ConfigResource_t& topic) {
  if (const auto code = rd_kafka_ConfigResource_error(&topic); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return refusal(code, rd_kafka_ConfigResource_error_string(&topic));
  }
  std::size_t count = 0;
  const rd_kafka_ConfigEntry_t** first = rd_kafka_ConfigResource_configs(&topic, &count);
  const std::span<const rd_kafka_ConfigEntry_t* const> entries{first, count};
  TopicProperties properties;
  if (const auto limit = number_of<std::size_t>(entries, "max.message.bytes"))
    properties.largest_batch = core::Bytes{*limit};
  properties.min_in_sync = number_of<int>(entries, "min.insync.replicas");
  return properties;
}

}  // namespace

std::variant<TopicProperties, std::string> ask_topic_properties(const Producer& producer,
                                                                const std::string& topic, std::int32_t broker,
                                                                std::chrono::milliseconds timeout) {
  const AdminOptionsHandle options = options_for(producer, broker, timeout);
  const QueueHandle queue{rd_kafka_queue_new(producer.client())};
  const ConfigResourceHandle resource{rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str())};
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  rd_kafka_DescribeConfigs(producer.client(), resources, std::size(resources), options.get(), queue.get());

  // librdkafka ends the request itself when its time is over; the second is for its thread to say so.
  const auto patience = timeout + std::chrono::seconds{1};
  const EventHandle event{rd_kafka_queue_poll(queue.get(), static_cast<int>(patience.count()))};
  if (!event) return std::string{"no answer"};
  if (const auto code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return refusal(code, rd_kafka_event_error_string(event.get()));
  }
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** answers =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1) return std::string{"the brokers' answer lacks the topic"};
  return properties_among(*answers[0]);
}

std::variant<core::Bytes, std::string> ask_largest_record(const Producer& producer, const std::string& topic,
                                                          std::int32_t broker,
                                                          std::chrono::milliseconds timeout) {
  auto answer = ask_topic_properties(producer, topic, broker, timeout);
  if (auto* why = std::get_if<std::string>(&answer)) return std::move(*why);
  const auto& limit = std::get<TopicProperties>(answer).largest_batch;
  if (!limit) return std::string{"the brokers' answer lacks it"};
  return *limit;
}

int batch_size_for(std::optional<core::Bytes> largest_record, int configured) {
  const auto ceiling = static_cast<std::size_t>(configured);
  if (!largest_record || largest_record->count >= ceiling) return configured;
  return static_cast<int>(std::bit_floor(std::max<std::size_t>(largest_record->count, 1)));
}

}  // namespace outbox_relay::kafka
