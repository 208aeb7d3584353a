#include "config/kafka_properties.h"

#include <algorithm>
#include <array>
#include <utility>

namespace outbox_relay::config {
namespace {

using Names = std::string_view;

constexpr std::array relay_waits =
    std::to_array<Names>({"acks", "message.timeout.ms", "message.send.max.retries"});
constexpr std::array relay_orders =
    std::to_array<Names>({"enable.idempotence", "enable.gapless.guarantee",
                          "max.in.flight.requests.per.connection", "queuing.strategy", "msg_order_cmp"});
constexpr std::array relay_transactions =
    std::to_array<Names>({"transactional.id", "transaction.timeout.ms"});
constexpr std::array relay_reports =
    std::to_array<Names>({"delivery.report.only.error", "produce.offset.report", "enabled_events",
                          "enable_sasl_queue", "log.queue", "internal.termination.signal"});
constexpr std::array program_only =
    std::to_array<Names>({"*_cb", "opaque", "interceptors", "default_topic_conf", "ssl_key",
                          "ssl_certificate", "ssl_ca", "ssl_engine_callback_data"});
constexpr std::array loads_code =
    std::to_array<Names>({"plugin.library.paths", "ssl.engine.location", "ssl.engine.id", "ssl.providers"});
constexpr std::array runs_commands = std::to_array<Names>({"sasl.kerberos.kinit.cmd"});
constexpr std::array not_real = std::to_array<Names>({"test.*", "ut_*"});
constexpr std::array loses_headers =
    std::to_array<Names>({"api.version.request", "api.version.fallback.ms", "broker.version.fallback"});
constexpr std::array hides_topics = std::to_array<Names>({"topic.blacklist"});

constexpr std::array<RefusedProperties, 10> all_refused = {{
    {"belongs to the relay: it waits for all in-sync replicas, for as long as that takes", relay_waits},
    {"belongs to the relay: the order of rows depends on it", relay_orders},
    {"belongs to the relay: transactions are a mode of later versions", relay_transactions},
    {"belongs to the relay: it needs the report of every record", relay_reports},
    {"can only be set by a program", program_only},
    {"would load code into the relay", loads_code},
    {"would run a command", runs_commands},
    {"would write to a mock instead of Kafka", not_real},
    {"could fall back to a protocol without headers and idempotence", loses_headers},
    {"would hide topics from the relay", hides_topics},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> aliases = {{
    {"metadata.broker.list", "bootstrap.servers"},
    {"request.required.acks", "acks"},
    {"delivery.timeout.ms", "message.timeout.ms"},
    {"retries", "message.send.max.retries"},
    {"max.in.flight", "max.in.flight.requests.per.connection"},
    {"linger.ms", "queue.buffering.max.ms"},
    {"compression.type", "compression.codec"},
    {"sasl.mechanism", "sasl.mechanisms"},
}};

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  return name == pattern;
}

/// librdkafka pastes these into the shell command that fetches a Kerberos ticket.
bool is_pasted_into_command(std::string_view name) {
  return name == "sasl.kerberos.principal" || name == "sasl.kerberos.keytab" ||
         name == "sasl.kerberos.service.name";
}

bool is_harmless_to_shell(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    const bool is_alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return is_alphanumeric || std::string_view("._-/@:").find(c) != std::string_view::npos;
  });
}

/// `debug` takes a list; these parts of it write the properties to the log, not all secrets left out.
bool logs_properties(std::string_view contexts) {
  while (!contexts.empty()) {
    std::string_view context = contexts.substr(0, contexts.find(','));
    contexts.remove_prefix(std::min(contexts.size(), context.size() + 1));
    while (context.starts_with(' ')) context.remove_prefix(1);
    while (context.ends_with(' ')) context.remove_suffix(1);
    if (context == "conf" || context == "all") return true;
  }
  return false;
}

}  // namespace

std::span<const RefusedProperties> refused_properties() {
  return all_refused;
}

std::string_view canonical_property(std::string_view name) {
  for (const auto& [alias, canonical] : aliases) {
    if (name == alias) return canonical;
  }
  // librdkafka takes each property of topics with this prefix as well.
  constexpr std::string_view topic_prefix = "topic.";
  const bool is_prefixed =
      name.starts_with(topic_prefix) && !name.starts_with("topic.metadata.") && name != "topic.blacklist";
  return is_prefixed ? canonical_property(name.substr(topic_prefix.size())) : name;
}

std::optional<std::string> refusal_of(std::string_view name, std::string_view value) {
  const std::string_view canonical = canonical_property(name);
  for (const RefusedProperties& refused : all_refused) {
    const auto is_meant = [&](std::string_view pattern) { return matches(pattern, canonical); };
    if (std::ranges::any_of(refused.names, is_meant)) return std::string(refused.reason);
  }
  if (canonical == "partitioner" && value == "random") return "would scatter the rows of a key with `random`";
  if (canonical == "debug" && logs_properties(value))
    return "would write passwords to the log with `conf` or `all`";
  if (is_pasted_into_command(canonical) && !is_harmless_to_shell(value)) {
    return "is pasted into a shell command: only letters, digits and `._-/@:` are safe";
  }
  return std::nullopt;
}

}  // namespace outbox_relay::config
