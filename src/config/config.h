#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/secret.h"
#include "config/table_name.h"
#include "config/template.h"
#include "core/units.h"

// The configuration after everything was applied: defaults, presets, variables. Plain values; nothing here
// knows YAML. What each option means is said once, in the table in options.cpp, from which config/README.md
// is generated.
namespace outbox_relay::config {

/// A relative path is relative to the working directory. Read with `read_secret_file`.
using Path = std::string;

struct Postgres {
  Secret connection;  ///< any libpq string or URI; may hold a password
  std::optional<Path> password_file;
  std::chrono::milliseconds connect_timeout{};
  std::chrono::milliseconds statement_timeout{};
  std::optional<std::string> control_schema;  ///< nothing: the relay does without

  friend bool operator==(const Postgres&, const Postgres&) = default;
};

/// A librdkafka property. Every value counts as a secret: librdkafka itself does not flag all of those that
/// are.
struct Property {
  std::string name;
  Secret value;

  friend bool operator==(const Property&, const Property&) = default;
};

struct Kafka {
  std::vector<Property>
      properties;  ///< accepted by librdkafka, none of the refused ones, in the order of the file
  std::optional<Path> sasl_password_file;
  std::optional<Path> ssl_key_password_file;

  friend bool operator==(const Kafka&, const Kafka&) = default;
};

/// Column names as the catalog knows them. A role that is switched off has none.
struct Columns {
  std::string id;
  std::optional<std::string> message_id;  ///< nothing: the id is the message id
  std::optional<std::string> key;
  std::string payload;
  std::optional<std::string> headers;
  std::optional<std::string> created_at;
  std::optional<std::string> sent;  ///< always there with `Completion::mark`, never with `Completion::remove`
  std::optional<std::string> parked_at;
  std::optional<std::string> attempts;
  std::optional<std::string> last_error;

  friend bool operator==(const Columns&, const Columns&) = default;
};

struct Header {
  std::string name;
  Template value;

  friend bool operator==(const Header&, const Header&) = default;
};

// Enumerators stand in the order of their choices in the option table.
enum class Preset : std::uint8_t { outbox_relay, debezium, eventuate, none };
enum class NullHeaders : std::uint8_t { leave_out, send };
enum class Envelope : std::uint8_t { none, cloudevents };
enum class Completion : std::uint8_t { mark, remove };
enum class CompletionCommit : std::uint8_t { synchronous, asynchronous };
enum class Refused : std::uint8_t { park, dead_letter, halt };
enum class ParkedKey : std::uint8_t { hold, skip };
enum class PublishAfter : std::uint8_t { flushed, visible };
enum class Coordination : std::uint8_t { advisory_lock, lease, none };
enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { automatic, text, logfmt, json };

struct Outbox {
  std::string name;
  TableName table;
  Preset preset{};  ///< where the defaults came from; already applied to all below
  Columns columns;
  std::vector<std::string> extra_columns;  ///< what `topic`, `headers` and `partition` may name beside roles
  Template topic;
  std::vector<std::string> allowed_topics;  ///< names and `prefix*` patterns; empty allows all
  std::optional<std::string> partition;     ///< a column
  std::vector<Header> headers;
  NullHeaders null_headers{};  ///< what becomes of one of `headers` whose column is NULL
  std::string message_id_header;
  Envelope envelope{};
  Completion completion{};
  CompletionCommit completion_commit{};
  std::chrono::milliseconds keep_sent{};
  Refused refused{};  ///< `park` only where `columns` has `parked_at`, `attempts` and `last_error`
  std::chrono::milliseconds topic_grace{};
  std::optional<std::string> dead_letter_topic;  ///< always there with `Refused::dead_letter`, else never
  ParkedKey parked_key{};
  std::chrono::milliseconds poll_interval{};
  std::chrono::milliseconds poll_interval_min{};
  std::optional<std::string> notify_channel;
  PublishAfter publish_after{};
  std::uint64_t page_rows = 0;
  std::uint64_t in_flight_rows = 0;
  core::Bytes in_flight_bytes;
  std::chrono::milliseconds full_scan_interval{};
  std::chrono::milliseconds sample_interval{};
  Coordination coordination{};
  std::chrono::milliseconds stale_after{};

  friend bool operator==(const Outbox&, const Outbox&) = default;
};

/// Where to listen: an IP address and a port; port 0 takes a free one.
struct Endpoint {
  std::string address;
  std::uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

struct Http {
  Endpoint listen;

  friend bool operator==(const Http&, const Http&) = default;
};

struct Log {
  LogLevel level{};
  LogFormat format{};

  friend bool operator==(const Log&, const Log&) = default;
};

struct Config {
  Postgres postgres;
  Kafka kafka;
  std::vector<Outbox> outboxes;  ///< at least one
  Http http;
  Log log;
  std::chrono::milliseconds drain_timeout{};

  friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace outbox_relay::config
