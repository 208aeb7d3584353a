#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/failure.h"

// The commands, one file each. They write results to standard output, messages to standard error, and return
// the exit code (exit_code.h). They throw for what nobody expects.
namespace outbox_relay::cli {

struct RunOptions {
  std::string config_file;
};

/// The daemon. Returns when a signal ended it.
[[nodiscard]] int run(const RunOptions& options);

enum class Output : std::uint8_t { text, json };

struct CheckOptions {
  std::string config_file;
  bool connect = false;
  Output output = Output::text;
};

/// Says what is wrong with a configuration, or that nothing is; with `connect`, also with the servers, tables
/// and topics that it names. Never changes anything.
[[nodiscard]] int check(const CheckOptions& options);

struct HealthcheckOptions {
  std::string url = "http://127.0.0.1:8980/livez";
  std::optional<std::string> config_file;  ///< whose `http.listen` is asked instead of `url`
  std::chrono::milliseconds timeout{5000};
};

/// Asks a running relay whether it is well.
[[nodiscard]] int healthcheck(const HealthcheckOptions& options);

struct StatusOptions {
  std::string config_file;
  Output output = Output::text;
};

/// Shows what the database tells of each outbox: what waits, since when, who works on it. The relay need not
/// run.
[[nodiscard]] int status(const StatusOptions& options);

enum class ParkedAction : std::uint8_t { list, requeue, discard };

struct ParkedOptions {
  ParkedAction action = ParkedAction::list;
  std::string config_file;
  std::string outbox;
  // Which rows: at most one of these is set. Nothing: all, for `list`.
  std::vector<std::string> ids;
  std::vector<std::string> keys;
  std::vector<core::Reason> reasons;
  bool all = false;
  bool dry_run = false;
  Output output = Output::text;
};

/// Shows the rows that Kafka refused, puts them back into the outbox, or gives them up. Talks to the database
/// only; a running relay notices by itself.
[[nodiscard]] int parked(const ParkedOptions& options);

struct BaselineOptions {
  std::string config_file;
  std::string outbox;
  std::string before;         ///< an id, or a time
  bool beside_relay = false;  ///< also while a relay may publish the rows
  bool dry_run = false;
  Output output = Output::text;
};

/// Marks the history of an old table as sent, before its first relay is started.
[[nodiscard]] int baseline(const BaselineOptions& options);

struct ReplayOptions {
  std::string config_file;
  std::string outbox;
  // Which rows: two ids, or two times. Or one of the other two.
  std::string from;
  std::string to;
  std::optional<std::int64_t> watch;   ///< a request that was made before
  std::optional<std::int64_t> cancel;  ///< the same
  int rows_per_second = 1000;
  bool dry_run = false;
  Output output = Output::text;
};

/// Asks the relay that leads to publish sent rows once more, and follows it to the end.
[[nodiscard]] int replay(const ReplayOptions& options);

enum class SqlKind : std::uint8_t { table, role, control, notify };

struct SqlOptions {
  SqlKind kind = SqlKind::table;
  config::Preset preset = config::Preset::outbox_relay;
  std::optional<std::string> config_file;  ///< whose names the SQL has, instead of a preset's
  std::string outbox;                      ///< in this file; empty: its only one
};

/// Prints the SQL for an outbox.
[[nodiscard]] int print_sql(const SqlOptions& options);

enum class ConfigText : std::uint8_t { defaults, schema, show };

struct ConfigOptions {
  ConfigText what = ConfigText::show;
  std::string config_file;  ///< of `show`
};

/// Prints a configuration with every default, its JSON Schema, or what a file comes to.
[[nodiscard]] int print_config(const ConfigOptions& options);

[[nodiscard]] int version();

}  // namespace outbox_relay::cli
