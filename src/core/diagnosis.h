#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What a look at the servers brings to light before the relay works with them.
namespace outbox_relay::core {

enum class Severity : std::uint8_t {
  warning,  ///< the relay works, but slower, less safely, or with more rights than it needs
  error,    ///< the relay does not work, or breaks a promise
};

/// What was looked at, as machines see it. A closed list (deploy/README.md); `to_label` names them.
enum class Aspect : std::uint8_t {
  configuration,
  secrets,
  postgres_connection,
  postgres_version,
  postgres_primary,
  postgres_pooler,
  postgres_table,
  postgres_columns,
  postgres_index,
  postgres_fillfactor,
  postgres_sequence,
  postgres_grants,
  postgres_row_security,
  postgres_control_schema,
  postgres_history,
  postgres_notify,
  kafka_properties,
  kafka_connection,
  kafka_topic,
  kafka_replicas,
  kafka_record_size,
  kafka_acls,
};

inline constexpr Aspect last_aspect = Aspect::kafka_acls;

[[nodiscard]] constexpr std::string_view to_label(Aspect aspect) {
  switch (aspect) {
    case Aspect::configuration:
      return "configuration";
    case Aspect::secrets:
      return "secrets";
    case Aspect::postgres_connection:
      return "postgres.connection";
    case Aspect::postgres_version:
      return "postgres.version";
    case Aspect::postgres_primary:
      return "postgres.primary";
    case Aspect::postgres_pooler:
      return "postgres.pooler";
    case Aspect::postgres_table:
      return "postgres.table";
    case Aspect::postgres_columns:
      return "postgres.columns";
    case Aspect::postgres_index:
      return "postgres.index";
    case Aspect::postgres_fillfactor:
      return "postgres.fillfactor";
    case Aspect::postgres_sequence:
      return "postgres.sequence";
    case Aspect::postgres_grants:
      return "postgres.grants";
    case Aspect::postgres_row_security:
      return "postgres.row_security";
    case Aspect::postgres_control_schema:
      return "postgres.control_schema";
    case Aspect::postgres_history:
      return "postgres.history";
    case Aspect::postgres_notify:
      return "postgres.notify";
    case Aspect::kafka_properties:
      return "kafka.properties";
    case Aspect::kafka_connection:
      return "kafka.connection";
    case Aspect::kafka_topic:
      return "kafka.topic";
    case Aspect::kafka_replicas:
      return "kafka.replicas";
    case Aspect::kafka_record_size:
      return "kafka.record_size";
    case Aspect::kafka_acls:
      return "kafka.acls";
  }
  return "";
}

/// Something to be mended. No text ever holds a key, a payload or a secret.
struct Finding {
  Severity severity = Severity::error;
  Aspect aspect = Aspect::configuration;
  std::string what{};  ///< lower case: what is the matter, with what
  std::string why{};   ///< what comes of it
  std::string fix{};   ///< SQL or a command to be copied, or what to change; empty where nobody knows
};

using Findings = std::vector<Finding>;

}  // namespace outbox_relay::core
