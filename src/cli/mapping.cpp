#include "cli/mapping.h"

#include <algorithm>

#include "config/secrecy.h"
#include "core/failure.h"

namespace outbox_relay::cli {

namespace {

// The place of a column among those that are fetched for templates; a new one is added.
std::size_t index_of(std::vector<std::string>& columns, const std::string& column) {
  const auto found = std::ranges::find(columns, column);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  columns.push_back(column);
  return columns.size() - 1;
}

core::Template to_template(const config::Template& from, std::vector<std::string>& columns) {
  std::vector<core::Template::Piece> pieces;
  for (const auto& piece : from.pieces) {
    switch (piece.kind) {
      case config::Template::Piece::Kind::literal:
        pieces.emplace_back(piece.text);
        break;
      case config::Template::Piece::Kind::column:
        pieces.emplace_back(index_of(columns, piece.text));
        break;
    }
  }
  return core::Template{std::move(pieces)};
}

config::Secret read_or_throw(const config::Path& path) {
  auto read = config::read_secret_file(path);
  if (auto* why = std::get_if<std::string>(&read)) {
    throw core::FailureError({core::Reason::authentication, core::Remedy::operate, *std::move(why),
                              "let the relay's user read the file, or name another one"});
  }
  return std::get<config::Secret>(std::move(read));
}

postgres::Completion to_postgres(config::Completion completion) {
  switch (completion) {
    case config::Completion::mark:
      return postgres::Completion::mark;
    case config::Completion::remove:
      return postgres::Completion::remove;
  }
  return postgres::Completion::mark;
}

postgres::CompletionCommit to_postgres(config::CompletionCommit commit) {
  switch (commit) {
    case config::CompletionCommit::synchronous:
      return postgres::CompletionCommit::synchronous;
    case config::CompletionCommit::asynchronous:
      return postgres::CompletionCommit::asynchronous;
  }
  return postgres::CompletionCommit::synchronous;
}

postgres::Coordination to_postgres(config::Coordination coordination) {
  switch (coordination) {
    case config::Coordination::advisory_lock:
      return postgres::Coordination::advisory_lock;
    case config::Coordination::lease:
      return postgres::Coordination::lease;
    case config::Coordination::none:
      return postgres::Coordination::none;
  }
  return postgres::Coordination::advisory_lock;
}

core::OnRefusal to_core(config::Refused refused) {
  switch (refused) {
    case config::Refused::park:
      return core::OnRefusal::park;
    case config::Refused::dead_letter:
      return core::OnRefusal::dead_letter;
    case config::Refused::halt:
      return core::OnRefusal::halt;
  }
  return core::OnRefusal::halt;
}

telemetry::LogLevel to_telemetry(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug:
      return telemetry::LogLevel::debug;
    case config::LogLevel::info:
      return telemetry::LogLevel::info;
    case config::LogLevel::warn:
      return telemetry::LogLevel::warn;
    case config::LogLevel::error:
      return telemetry::LogLevel::error;
  }
  return telemetry::LogLevel::info;
}

}  // namespace

core::Routing to_routing(const config::Outbox& outbox) {
  core::Routing routing;
  routing.outbox = outbox.name;
  routing.topic = to_template(outbox.topic, routing.columns);
  routing.allowed_topics = outbox.allowed_topics;
  if (outbox.partition) routing.partition = index_of(routing.columns, *outbox.partition);
  for (const config::Header& header : outbox.headers) {
    routing.headers.push_back({header.name, to_template(header.value, routing.columns)});
  }
  routing.sends_null_headers = outbox.null_headers == config::NullHeaders::send;
  routing.message_id_header = outbox.message_id_header;
  routing.is_cloud_event = outbox.envelope == config::Envelope::cloudevents;
  return routing;
}

core::PlanSettings to_plan_settings(const config::Outbox& outbox) {
  return {.limits = {.rows = outbox.in_flight_rows, .bytes = outbox.in_flight_bytes},
          .page_rows = outbox.page_rows,
          .poll_interval = outbox.poll_interval,
          .poll_interval_min = outbox.poll_interval_min,
          .full_scan_interval = outbox.full_scan_interval,
          .wait_for_flush = outbox.publish_after == config::PublishAfter::flushed,
          .completions_flush = outbox.completion_commit == config::CompletionCommit::synchronous,
          .refused = to_core(outbox.refused),
          .hold_keys = outbox.parked_key == config::ParkedKey::hold,
          .dead_letter_topic = outbox.dead_letter_topic,
          .topic_grace = outbox.topic_grace};
}

postgres::Settings to_postgres_settings(const config::Postgres& server, const config::Outbox& outbox) {
  postgres::Settings settings;
  settings.server.connection = server.connection.reveal();
  settings.server.password = [file = server.password_file]() -> std::optional<std::string> {
    if (!file) return std::nullopt;
    return read_or_throw(*file).reveal();
  };
  settings.server.connect_timeout = server.connect_timeout;
  settings.server.statement_timeout = server.statement_timeout;
  settings.table = {.schema = outbox.table.schema,
                    .name = outbox.table.table,
                    .id = outbox.columns.id,
                    .message_id = outbox.columns.message_id,
                    .key = outbox.columns.key,
                    .payload = outbox.columns.payload,
                    .headers = outbox.columns.headers,
                    .created_at = outbox.columns.created_at,
                    .sent = outbox.columns.sent,
                    .parked_at = outbox.columns.parked_at,
                    .attempts = outbox.columns.attempts,
                    .last_error = outbox.columns.last_error,
                    .completion = to_postgres(outbox.completion),
                    .parks = outbox.refused == config::Refused::park};
  settings.control_schema = server.control_schema;
  settings.completion_commit = to_postgres(outbox.completion_commit);
  settings.coordination = to_postgres(outbox.coordination);
  settings.notify_channel = outbox.notify_channel;
  return settings;
}

kafka::ProducerSettings to_producer_settings(const config::Kafka& cluster, const config::Outbox& outbox) {
  kafka::ProducerSettings settings;
  for (const config::Property& property : cluster.properties) {
    settings.properties.emplace_back(property.name, property.value.reveal());
    if (config::is_sensitive_property(property.name)) settings.secrets.push_back(property.value.reveal());
  }
  settings.read_secrets = [password = cluster.sasl_password_file,
                           key_password = cluster.ssl_key_password_file] {
    std::vector<std::pair<std::string, std::string>> properties;
    if (password) properties.emplace_back("sasl.password", read_or_throw(*password).reveal());
    if (key_password) properties.emplace_back("ssl.key.password", read_or_throw(*key_password).reveal());
    return properties;
  };
  settings.client_id = "outbox-relay-" + outbox.name;
  return settings;
}

telemetry::OutboxOptions to_telemetry_options(const config::Outbox& outbox) {
  telemetry::OutboxOptions options;
  options.name = outbox.name;
  options.limit_rows = outbox.in_flight_rows;
  options.limit_bytes = outbox.in_flight_bytes;
  options.health.stale_after = outbox.stale_after;
  return options;
}

telemetry::LogOptions to_log_options(const config::Log& log) {
  telemetry::LogOptions options;
  options.level = to_telemetry(log.level);
  switch (log.format) {
    case config::LogFormat::automatic:
      break;
    case config::LogFormat::text:
      options.format = telemetry::LogFormat::text;
      break;
    case config::LogFormat::logfmt:
      options.format = telemetry::LogFormat::logfmt;
      break;
    case config::LogFormat::json:
      options.format = telemetry::LogFormat::json;
      break;
  }
  return options;
}

}  // namespace outbox_relay::cli
