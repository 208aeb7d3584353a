#include "kafka/properties.h"

#include <algorithm>
#include <ranges>
#include <utility>

namespace outbox_relay::kafka {
namespace {

constexpr Property fixed[] = {
    {"acks", "all"},
    {"enable.idempotence", "true"},
    // When Kafka refuses a batch, nothing behind it in that partition is delivered [2500 rows before the
    // refused one, 0 after; without it 2499 after].
    {"enable.gapless.guarantee", "true"},
    // A row waits for Kafka as long as it takes: what timed out could be delivered after all, behind later
    // rows.
    {"message.timeout.ms", "0"},
    {"delivery.report.only.error", "false"},
    // None of our code runs in librdkafka's threads.
    {"log.queue", "true"},
};

constexpr Property defaults[] = {
    {"allow.auto.create.topics", "false"},
    {"partitioner", "murmur2_random"},
    // librdkafka's default (false until 2.10) makes whoever waits for acks slower by x5 to x60.
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    // The names of librdkafka's threads say nothing to an operator.
    {"log.thread.name", "false"},
    {"linger.ms", "1"},
    {"compression.type", "lz4"},
    // The default of 10 s made an outage of 9 s last 18.
    {"reconnect.backoff.max.ms", "1000"},
    // How long librdkafka sits on the rows of a topic that vanished; topics are looked up before their first
    // row.
    {"topic.metadata.propagation.max.ms", "5000"},
    // The largest that librdkafka takes: only the broker says what is too large.
    {"message.max.bytes", "1000000000"},
    // Just below the broker's default of 1048588 bytes a batch: a larger batch is refused whole. Topics that
    // take less have producers with less; see producers.h.
    {"batch.size", "1000000"},
    {"batch.num.messages", "10000"},
    // The relay's window is the limit of what is in flight, not these. 0: none.
    {"queue.buffering.max.messages", "0"},
    {"queue.buffering.max.kbytes", "2147483647"},
};

}  // namespace

std::span<const Property> fixed_properties() {
  return fixed;
}

std::span<const Property> default_properties() {
  return defaults;
}

ProducerSettings with_present_secrets(ProducerSettings settings) {
  if (!settings.read_secrets) return settings;
  for (auto& [name, value] : settings.read_secrets()) {
    settings.secrets.push_back(value);
    settings.properties.emplace_back(std::move(name), std::move(value));
  }
  return settings;
}

std::string_view effective_value(const ProducerSettings& settings, std::string_view name) {
  if (const auto ours = std::ranges::find(fixed, name, &Property::name); ours != std::end(fixed)) {
    return ours->value;
  }
  const auto reversed = settings.properties | std::views::reverse;
  if (const auto given =
          std::ranges::find(reversed, name, [](const auto& property) { return property.first; });
      given != reversed.end()) {
    return given->second;
  }
  const auto ours = std::ranges::find(defaults, name, &Property::name);
  return ours == std::end(defaults) ? std::string_view{} : ours->value;
}

}  // namespace outbox_relay::kafka
