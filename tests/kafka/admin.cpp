#include "admin.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace outbox_relay::kafka::testing {
namespace {

constexpr int limit_ms = 30'000;

using AclHandle = std::unique_ptr<rd_kafka_AclBinding_t, Destroyer<rd_kafka_AclBinding_destroy>>;
using NewPartitionsHandle =
    std::unique_ptr<rd_kafka_NewPartitions_t, Destroyer<rd_kafka_NewPartitions_destroy>>;
using NewTopicHandle = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;

void require(rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error{rd_kafka_err2str(error)};
}

void require(const rd_kafka_error_t* error) {
  if (error != nullptr) throw std::runtime_error{rd_kafka_error_string(error)};
}

ClientHandle make_client(const std::string& bootstrap, const Admin::Properties& properties) {
  std::array<char, 512> problem{};
  ConfigurationHandle configuration{rd_kafka_conf_new()};
  const auto set = [&](const std::string& name, const std::string& value) {
    if (rd_kafka_conf_set(configuration.get(), name.c_str(), value.c_str(), problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error{problem.data()};
    }
  };
  set("bootstrap.servers", bootstrap);
  set("log_level", "3");
  for (const auto& [name, value] : properties) set(name, value);
  ClientHandle client{rd_kafka_new(RD_KAFKA_PRODUCER, configuration.get(), problem.data(), problem.size())};
  if (!client) throw std::runtime_error{problem.data()};
  given_away(configuration);
  return client;
}

}  // namespace

Admin::Admin(const std::string& bootstrap, const Properties& properties)
    : client_(make_client(bootstrap, properties)), queue_(rd_kafka_queue_new(client_.get())) {}

EventHandle Admin::answer() {
  EventHandle event{rd_kafka_queue_poll(queue_.get(), limit_ms)};
  if (!event) throw std::runtime_error{"no answer"};
  require(rd_kafka_event_error(event.get()));
  return event;
}

void Admin::create_topic(const std::string& name, int partitions) {
  const NewTopicHandle topic{rd_kafka_NewTopic_new(name.c_str(), partitions, -1, nullptr, 0)};
  rd_kafka_NewTopic_t* request = topic.get();
  rd_kafka_CreateTopics(client_.get(), &request, 1, nullptr, queue_.get());
  const EventHandle event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) require(rd_kafka_topic_result_error(results[at]));
}

void Admin::grow_topic(const std::string& name, int partitions) {
  const NewPartitionsHandle request_handle{
      rd_kafka_NewPartitions_new(name.c_str(), static_cast<std::size_t>(partitions), nullptr, 0)};
  rd_kafka_NewPartitions_t* request = request_handle.get();
  rd_kafka_CreatePartitions(client_.get(), &request, 1, nullptr, queue_.get());
  const EventHandle event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) require(rd_kafka_topic_result_error(results[at]));
}

void Admin::set_property(const std::string& topic, const std::string& name, const std::string& value) {
  const ConfigResourceHandle resource{rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str())};
  require(rd_kafka_ConfigResource_set_config(resource.get(), name.c_str(), value.c_str()));
  rd_kafka_ConfigResource_t* request = resource.get();
  rd_kafka_AlterConfigs(client_.get(), &request, 1, nullptr, queue_.get());
  const EventHandle event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) require(rd_kafka_ConfigResource_error(results[at]));
}

void Admin::allow(const std::string& user, const std::string& topic, rd_kafka_AclOperation_t operation) {
  const AclHandle acl{rd_kafka_AclBinding_new(
      RD_KAFKA_RESOURCE_TOPIC, topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL, ("User:" + user).c_str(),
      "*", operation, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, nullptr, 0)};
  rd_kafka_AclBinding_t* request = acl.get();
  rd_kafka_CreateAcls(client_.get(), &request, 1, nullptr, queue_.get());
  const EventHandle event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) require(rd_kafka_acl_result_error(results[at]));
}

void Admin::no_longer_allow(const std::string& user, const std::string& topic,
                            rd_kafka_AclOperation_t operation) {
  const std::unique_ptr<rd_kafka_AclBindingFilter_t, Destroyer<rd_kafka_AclBinding_destroy>> filter{
      rd_kafka_AclBindingFilter_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                                    ("User:" + user).c_str(), "*", operation,
                                    RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, nullptr, 0)};
  rd_kafka_AclBindingFilter_t* request = filter.get();
  rd_kafka_DeleteAcls(client_.get(), &request, 1, nullptr, queue_.get());
  const EventHandle event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) {
    require(rd_kafka_DeleteAcls_result_response_error(results[at]));
  }
}

}  // namespace outbox_relay::kafka::testing
