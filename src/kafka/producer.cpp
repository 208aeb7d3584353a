#include "kafka/producer.h"

#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <span>
#include <utility>

#include "core/failure.h"
#include "kafka/classify.h"
#include "kafka/secrets.h"

namespace outbox_relay::kafka {
namespace {

constexpr Property probe_properties[] = {
    {"enable.gapless.guarantee", "false"},
    // Nothing comes that could fill the batch: a second of it made a hundred suspects take 100 s.
    {"linger.ms", "0"},
};

using ErrorText = std::array<char, 512>;

[[noreturn]] void refuse(std::string message, std::string hint) {
  throw core::FailureError{{core::Reason::other, core::Remedy::operate, std::move(message), std::move(hint)}};
}

void set(rd_kafka_conf_t* configuration, const std::string& name, const std::string& value) {
  ErrorText text{};
  switch (rd_kafka_conf_set(configuration, name.c_str(), value.c_str(), text.data(), text.size())) {
    case RD_KAFKA_CONF_OK:
      return;
    case RD_KAFKA_CONF_UNKNOWN:
      refuse("librdkafka does not know the property " + name,
             "look for its spelling in librdkafka's CONFIGURATION.md");
    case RD_KAFKA_CONF_INVALID:  // librdkafka's own text would show the value
      refuse("librdkafka does not take the value of the property " + name,
             "look for the values it takes in librdkafka's CONFIGURATION.md");
  }
}

ConfigurationHandle make_configuration(const ProducerSettings& settings, ProducerKind kind) {
  ConfigurationHandle configuration{rd_kafka_conf_new()};
  const auto set_all = [&configuration](auto properties) {
    for (const auto& [name, value] : properties)
      set(configuration.get(), std::string{name}, std::string{value});
  };
  set_all(default_properties());
  set(configuration.get(), "client.id", settings.client_id);
  set_all(std::span{settings.properties});
  set_all(fixed_properties());
  if (kind == ProducerKind::probe) set_all(std::span{probe_properties});
  rd_kafka_conf_set_events(configuration.get(),
                           RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
  // For OAUTHBEARER, whose token is fetched by a call that blocks.
  rd_kafka_conf_enable_sasl_queue(configuration.get(), 1);
  return configuration;
}

ClientHandle make_client(const ProducerSettings& settings, ProducerKind kind) {
  ConfigurationHandle configuration = make_configuration(settings, kind);
  ErrorText text{};
  ClientHandle client{rd_kafka_new(RD_KAFKA_PRODUCER, configuration.get(), text.data(), text.size())};
  if (!client && rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE) {
    throw core::FailureError{classify(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, Origin::producer,
                                      Secrets{settings.secrets}.out_of(text.data()))};
  }
  if (!client) {
    refuse("librdkafka refuses the properties: " + Secrets{settings.secrets}.out_of(text.data()),
           "change `kafka.properties`");
  }
  given_away(configuration);
  return client;
}

/// The arguments of one call of `rd_kafka_produceva`.
class Arguments {
 public:
  auto& add(rd_kafka_vtype_t type) {
    rd_kafka_vu_t& argument = items_[count_++];
    argument.vtype = type;
    return argument.u;
  }
  /// NULL and empty differ by the pointer alone. librdkafka does not write through it.
  void add(rd_kafka_vtype_t type, std::string_view bytes) {
    auto& argument = add(type);
    argument.mem.ptr = const_cast<char*>(bytes.empty() ? "" : bytes.data());
    argument.mem.size = bytes.size();
  }
  ErrorHandle produce(rd_kafka_t* client) const {
    return ErrorHandle{rd_kafka_produceva(client, items_.data(), count_)};
  }

 private:
  std::array<rd_kafka_vu_t, 7> items_;
  std::size_t count_ = 0;
};

}  // namespace

std::optional<core::Failure> refusal_of(ProducerSettings settings) {
  // Without brokers nothing is resolved or connected, so the client is gone at once.
  std::erase_if(settings.properties, [](const auto& property) {
    return property.first == "bootstrap.servers" || property.first == "metadata.broker.list";
  });
  try {
    make_client(settings, ProducerKind::batches);
  } catch (const core::FailureError& error) {
    return error.failure();
  }
  return std::nullopt;
}

Producer::Producer(const ProducerSettings& settings, int event_fd, ProducerKind kind)
    : client_(make_client(settings, kind)), queue_(rd_kafka_queue_get_main(client_.get())) {
  // Fetches tokens in librdkafka's own thread; refused, and not needed, without OAUTHBEARER.
  const ErrorHandle not_needed{rd_kafka_sasl_background_callbacks_enable(client_.get())};
  rd_kafka_set_log_queue(client_.get(), nullptr);  // the main queue
  static constexpr std::uint64_t one = 1;
  rd_kafka_queue_io_event_enable(queue_.get(), event_fd, &one, sizeof one);
}

TopicHandle Producer::make_topic(const std::string& name) const {
  TopicHandle topic{rd_kafka_topic_new(client_.get(), name.c_str(), nullptr)};
  assert(topic);
  return topic;
}

int Producer::batch_size() const {
  std::array<char, 16> text{};
  std::size_t size = text.size();
  rd_kafka_conf_get(rd_kafka_conf(client_.get()), "batch.size", text.data(), &size);
  int value = 0;
  std::from_chars(text.data(), text.data() + std::strlen(text.data()), value);
  assert(value > 0);
  return value;
}

ErrorHandle Producer::produce(Record record) {
  Arguments arguments;
  arguments.add(RD_KAFKA_VTYPE_RKT).rkt = record.topic;
  arguments.add(RD_KAFKA_VTYPE_PARTITION).i32 = record.partition;
  arguments.add(RD_KAFKA_VTYPE_OPAQUE).ptr = record.opaque;
  if (record.key) arguments.add(RD_KAFKA_VTYPE_KEY, *record.key);
  if (record.value) arguments.add(RD_KAFKA_VTYPE_VALUE, *record.value);
  if (record.timestamp) arguments.add(RD_KAFKA_VTYPE_TIMESTAMP).i64 = *record.timestamp;
  arguments.add(RD_KAFKA_VTYPE_HEADERS).headers = record.headers.get();
  ErrorHandle error = arguments.produce(client_.get());
  if (!error) given_away(record.headers);
  return error;
}

void Producer::set_login(const std::string& username, const std::string& password) {
  const ErrorHandle never{rd_kafka_sasl_set_credentials(client_.get(), username.c_str(), password.c_str())};
  assert(!never);  // only a missing name or password would be refused
}

EventHandle Producer::poll() {
  return EventHandle{rd_kafka_queue_poll(queue_.get(), 0)};
}

void Producer::purge(int what) {
  rd_kafka_purge(client_.get(), what | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void Producer::disarm() {
  rd_kafka_queue_io_event_enable(queue_.get(), -1, nullptr, 0);
}

}  // namespace outbox_relay::kafka
