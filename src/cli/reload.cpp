#include "cli/reload.h"

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include "cli/config_file.h"
#include "cli/mapping.h"
#include "core/failure.h"
#include "kafka/producer.h"

namespace outbox_relay::cli {

using telemetry::Message;

namespace {

/// More are for `check` to show.
constexpr std::size_t most_problems = 20;

void say_refused(const config::Problems& problems, telemetry::Log& log) {
  const std::size_t shown = std::min(problems.list.size(), most_problems);
  for (const config::Problem& problem : std::span(problems.list).first(shown)) {
    log.say<Message::configuration_refused>(config::place_of(problem, problems.file), problem.what,
                                            problem.hint);
  }
  log.say<Message::configuration_stays>(problems.file, problems.list.size() + problems.left_out,
                                        "`outbox-relay check` shows them all; mend the file and reload");
}

/// What would end the relay if it were started with this configuration, and only who tries comes to know: a
/// secret that cannot be read, properties that librdkafka takes one by one and not together.
std::optional<core::Failure> trouble_with(const config::Config& config) {
  const config::Outbox& any = config.outboxes.front();
  try {
    static_cast<void>(to_postgres_settings(config.postgres, any).server.password());
    return kafka::refusal_of(kafka::with_present_secrets(to_producer_settings(config.kafka, any)));
  } catch (const core::FailureError& error) {
    return error.failure();
  }
}

}  // namespace

std::optional<config::Config> load_again(const std::string& file, telemetry::Log& log) {
  auto loaded = load_config(file);
  if (auto* config = std::get_if<config::Config>(&loaded)) {
    auto trouble = trouble_with(*config);
    if (!trouble) return std::move(*config);
    loaded = config::problem_of_file(file, std::move(trouble->message), std::move(trouble->hint));
  }
  say_refused(std::get<config::Problems>(loaded), log);
  return std::nullopt;
}

// Each part by its name, so that a new one counts as one that needs a restart until somebody changes this.
config::Config in_force_after(const config::Config& present, const config::Config& next) {
  config::Config in_force = present;
  in_force.postgres = next.postgres;
  in_force.kafka = next.kafka;
  in_force.outboxes = next.outboxes;
  in_force.log.level = next.log.level;
  in_force.drain_timeout = next.drain_timeout;
  return in_force;
}

}  // namespace outbox_relay::cli
