#include "support/kafka_admin.h"

#include <array>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace outbox_relay::testing {
namespace {

constexpr int limit_ms = 30'000;

template <typename T>
std::unique_ptr<T, void (*)(T*)> owned(T* object, void (*destroy)(T*)) {
  return {object, destroy};
}

void require(rd_kafka_resp_err_t error) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error{rd_kafka_err2str(error)};
}

void require(const rd_kafka_error_t* error) {
  if (error != nullptr) throw std::runtime_error{rd_kafka_error_string(error)};
}

std::shared_ptr<rd_kafka_t> make_client(const std::string& bootstrap,
                                        const KafkaAdmin::Properties& properties) {
  std::array<char, 512> problem{};
  auto configuration = owned(rd_kafka_conf_new(), rd_kafka_conf_destroy);
  const auto set = [&](const std::string& name, const std::string& value) {
    if (rd_kafka_conf_set(configuration.get(), name.c_str(), value.c_str(), problem.data(), problem.size()) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error{problem.data()};
    }
  };
  set("bootstrap.servers", bootstrap);
  set("log_level", "3");
  for (const auto& [name, value] : properties) set(name, value);
  std::shared_ptr<rd_kafka_t> client{
      rd_kafka_new(RD_KAFKA_PRODUCER, configuration.get(), problem.data(), problem.size()),
      [](rd_kafka_t* object) {
        if (object != nullptr) rd_kafka_destroy(object);
      }};
  if (!client) throw std::runtime_error{problem.data()};
  [[maybe_unused]] const auto* const taken_over = configuration.release();
  return client;
}

}  // namespace

KafkaAdmin::KafkaAdmin(const std::string& bootstrap, const Properties& properties)
    : client_(make_client(bootstrap, properties)),
      queue_(rd_kafka_queue_new(client_.get()), rd_kafka_queue_destroy) {}

std::shared_ptr<rd_kafka_event_t> KafkaAdmin::answer() {
  std::shared_ptr<rd_kafka_event_t> event{rd_kafka_queue_poll(queue_.get(), limit_ms),
                                          rd_kafka_event_destroy};
  if (!event) throw std::runtime_error{"no answer"};
  require(rd_kafka_event_error(event.get()));
  return event;
}

void KafkaAdmin::create_topic(const std::string& name, int partitions) {
  const auto topic =
      owned(rd_kafka_NewTopic_new(name.c_str(), partitions, -1, nullptr, 0), rd_kafka_NewTopic_destroy);
  rd_kafka_NewTopic_t* request = topic.get();
  rd_kafka_CreateTopics(client_.get(), &request, 1, nullptr, queue_.get());
  const auto event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) require(rd_kafka_topic_result_error(results[at]));
}

void KafkaAdmin::grow_topic(const std::string& name, int partitions) {
  const auto request_handle =
      owned(rd_kafka_NewPartitions_new(name.c_str(), static_cast<std::size_t>(partitions), nullptr, 0),
            rd_kafka_NewPartitions_destroy);
  rd_kafka_NewPartitions_t* request = request_handle.get();
  rd_kafka_CreatePartitions(client_.get(), &request, 1, nullptr, queue_.get());
  const auto event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) require(rd_kafka_topic_result_error(results[at]));
}

void KafkaAdmin::set_property(const std::string& topic, const std::string& name, const std::string& value) {
  const auto resource = owned(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()),
                              rd_kafka_ConfigResource_destroy);
  require(rd_kafka_ConfigResource_set_config(resource.get(), name.c_str(), value.c_str()));
  rd_kafka_ConfigResource_t* request = resource.get();
  rd_kafka_AlterConfigs(client_.get(), &request, 1, nullptr, queue_.get());
  const auto event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_AlterConfigs_result_resources(rd_kafka_event_AlterConfigs_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) require(rd_kafka_ConfigResource_error(results[at]));
}

void KafkaAdmin::add(const Acl& acl) {
  const auto binding = owned(
      rd_kafka_AclBinding_new(RD_KAFKA_RESOURCE_TOPIC, acl.topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                              ("User:" + acl.user).c_str(), "*", acl.operation, acl.permission, nullptr, 0),
      rd_kafka_AclBinding_destroy);
  rd_kafka_AclBinding_t* request = binding.get();
  rd_kafka_CreateAcls(client_.get(), &request, 1, nullptr, queue_.get());
  const auto event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) require(rd_kafka_acl_result_error(results[at]));
}

void KafkaAdmin::remove(const Acl& acl) {
  const auto filter = owned(rd_kafka_AclBindingFilter_new(
                                RD_KAFKA_RESOURCE_TOPIC, acl.topic.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                                ("User:" + acl.user).c_str(), "*", acl.operation, acl.permission, nullptr, 0),
                            rd_kafka_AclBinding_destroy);
  rd_kafka_AclBindingFilter_t* request = filter.get();
  rd_kafka_DeleteAcls(client_.get(), &request, 1, nullptr, queue_.get());
  const auto event = answer();
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(event.get()), &count);
  for (std::size_t at = 0; at < count; ++at) {
    require(rd_kafka_DeleteAcls_result_response_error(results[at]));
  }
}

}  // namespace outbox_relay::testing
