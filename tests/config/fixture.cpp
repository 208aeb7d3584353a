#include "config/fixture.h"

#include <algorithm>
#include <stdexcept>

#include "support/catch.h"

namespace outbox_relay::config::testing {
namespace {

const std::vector<std::string> known_properties = {"bootstrap.servers",
                                                   "metadata.broker.list",
                                                   "client.id",
                                                   "compression.type",
                                                   "linger.ms",
                                                   "queue.buffering.max.ms",
                                                   "sasl.mechanism",
                                                   "sasl.mechanisms",
                                                   "sasl.username",
                                                   "sasl.password",
                                                   "ssl.key.password",
                                                   "ssl.ca.location",
                                                   "ssl.key.pem",
                                                   "sasl.oauthbearer.client.secret",
                                                   "sasl.kerberos.principal",
                                                   "partitioner",
                                                   "debug",
                                                   "security.protocol"};

/// Numbers for the properties in milliseconds, anything for the others. In the words of librdkafka.
std::optional<PropertyError> property_error(std::string_view name, const std::string& value) {
  if (std::ranges::find(known_properties, name) == known_properties.end()) {
    return PropertyError{true, "No such configuration property: \"" + std::string(name) + '"'};
  }
  const bool is_number =
      !value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  const bool wants_number = name.ends_with(".ms");
  if (value == "refused" || (wants_number && !is_number)) {
    return PropertyError{
        false, "Invalid value \"" + value + "\" for configuration property \"" + std::string(name) + '"'};
  }
  return std::nullopt;
}

ConnectionVerdict connection_verdict(const std::string& connection) {
  if (connection.find("password=") != std::string::npos) return ConnectionVerdict::valid_with_password;
  return connection.find('=') == std::string::npos ? ConnectionVerdict::malformed : ConnectionVerdict::valid;
}

std::variant<Config, Problems> load_text(std::string text, const Variables& variables) {
  const auto environment = [&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
  return load("relay.yaml", std::move(text), environment, validators());
}

}  // namespace

const Validators& validators() {
  static const Validators all{property_error, known_properties, connection_verdict};
  return all;
}

Config loaded(std::string text, const Variables& variables) {
  auto result = load_text(std::move(text), variables);
  if (const auto* problems = std::get_if<Problems>(&result)) throw std::runtime_error(to_text(*problems));
  return std::get<Config>(std::move(result));
}

std::string problems(std::string text, const Variables& variables) {
  const auto result = load_text(std::move(text), variables);
  const auto* problems = std::get_if<Problems>(&result);
  return problems == nullptr ? std::string() : to_text(*problems);
}

std::string with_property(std::string_view property) {
  return "postgres:\n"
         "  connection: \"host=db user=relay\"\n"
         "kafka:\n"
         "  properties:\n"
         "    bootstrap.servers: \"k:9092\"\n" +
         std::string(property) +
         "outboxes:\n"
         "  - name: orders\n"
         "    table: public.outbox\n"
         "    topic: \"orders.{aggregatetype}\"\n";
}

std::string with_outbox(std::string_view outbox) {
  return with_property("") + std::string(outbox);
}

std::string as_it_is(std::string_view text) {
  return std::string(text);
}

void check_each(const std::vector<Case>& cases, std::string (*wrap)(std::string_view)) {
  for (const Case& one : cases) {
    CAPTURE(one.title);
    CHECK(problems(wrap(one.written), one.variables) == one.said);
  }
}

}  // namespace outbox_relay::config::testing
