#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "telemetry/log_format.h"

// What the log can say: the whole vocabulary, so that people can search and alert on it. deploy/README.md
// explains each message; a test keeps it equal to this list.
namespace outbox_relay::telemetry {

enum class Message : std::uint8_t {
  // The process.
  starts,
  librdkafka_has_fault,
  listening,
  cannot_listen,
  cannot_work,
  reloaded,
  reload_incomplete,
  configuration_refused,
  configuration_stays,
  drain_cut_short,
  signal_received,
  stopped,
  left_rows_in_flight,
  left_threads,
  systemd_not_told,
  not_alive,
  bug,
  // An outbox.
  relaying,
  standby,
  leads,
  leads_no_more,
  draining,
  halted,
  fetching_failed,
  fetching_recovered,
  publishing_failed,
  publishing_recovered,
  completing_failed,
  completing_recovered,
  expiring_failed,
  expiring_recovered,
  row_parked,
  row_dead_lettered,
  rows_requeued,
  topic_held,
  topic_released,
  late_rows,
  // A replay.
  replay_begun,
  replay_left,
  replay_not_begun,
  replay_failing,
  replay_recovered,
  replay_refused,
  // For whoever looks for a fault.
  state_changed,
  connection_opened,
  producer_created,
  redelivering,
  rows_held,
  sampling_failed,
  librdkafka,
  postgresql,
};

/// How a message is written.
struct MessageFacts {
  static constexpr std::size_t most_fields = 7;

  Message message;
  LogLevel level;
  std::string_view text;
  std::string_view fields[most_fields];  ///< their keys, in the order of the line; empty ones at the end
  LogLevel worst = level;                ///< of a failure that only a person can mend

  [[nodiscard]] constexpr std::size_t field_count() const {
    std::size_t count = 0;
    while (count < most_fields && !fields[count].empty()) ++count;
    return count;
  }
};

/// In the order of the enumerators.
inline constexpr MessageFacts all_messages[] = {
    {Message::starts, LogLevel::info, "outbox-relay starts", {"version", "revision", "outboxes"}},
    {Message::librdkafka_has_fault, LogLevel::warn, "this librdkafka has a known fault", {"error"}},
    {Message::listening, LogLevel::info, "listening", {"address"}},
    {Message::cannot_listen, LogLevel::error, "cannot listen", {"error", "hint"}},
    {Message::cannot_work, LogLevel::error, "the outbox cannot be worked on", {"outbox", "error", "hint"}},
    {Message::reloaded,
     LogLevel::info,
     "configuration reloaded",
     {"file", "started", "restarted", "stopped", "unchanged"}},
    {Message::reload_incomplete,
     LogLevel::warn,
     "not everything that has changed is in force",
     {"options", "hint"}},
    {Message::configuration_refused, LogLevel::error, "configuration refused", {"place", "error", "hint"}},
    {Message::configuration_stays,
     LogLevel::error,
     "the configuration in force stays",
     {"file", "problems", "hint"}},
    {Message::drain_cut_short,
     LogLevel::warn,
     "drain_timeout has passed: what is in flight will be published again",
     {"outbox"}},
    {Message::signal_received, LogLevel::info, "signal received, draining", {"timeout_ms"}},
    {Message::stopped, LogLevel::info, "stopped", {"settled"}},
    {Message::left_rows_in_flight,
     LogLevel::warn,
     "leaving at once: what is in flight will be published again",
     {"reason"}},
    {Message::left_threads,
     LogLevel::warn,
     "leaving at once: a library has not ended its threads",
     {"reason"}},
    {Message::systemd_not_told, LogLevel::warn, "systemd could not be told", {"error"}},
    {Message::not_alive, LogLevel::error, "not alive, the watchdog is not fed", {"report"}},
    {Message::bug, LogLevel::error, "a bug has ended the pipeline, aborting", {"outbox", "error"}},

    {Message::relaying, LogLevel::info, "relaying", {"outbox"}},
    {Message::standby,
     LogLevel::info,
     "another relay works on this outbox, standing by",
     {"outbox", "state", "previous"}},
    {Message::leads, LogLevel::info, "leading: this relay works on the outbox", {"outbox"}},
    {Message::leads_no_more, LogLevel::info, "leading no more", {"outbox"}},
    {Message::draining, LogLevel::info, "draining", {"outbox", "state", "previous"}},
    {Message::halted,
     LogLevel::error,
     "halted: nothing more of this outbox goes out",
     {"outbox", "state", "previous"}},
    {Message::fetching_failed,
     LogLevel::warn,
     "fetching failed",
     {"outbox", "reason", "error", "hint", "times", "lasting_seconds"},
     LogLevel::error},
    {Message::fetching_recovered, LogLevel::info, "fetching recovered", {"outbox", "lasted_seconds"}},
    {Message::publishing_failed,
     LogLevel::warn,
     "publishing failed",
     {"outbox", "reason", "error", "hint", "times", "lasting_seconds"},
     LogLevel::error},
    {Message::publishing_recovered, LogLevel::info, "publishing recovered", {"outbox", "lasted_seconds"}},
    {Message::completing_failed,
     LogLevel::warn,
     "completing failed",
     {"outbox", "reason", "error", "hint", "times", "lasting_seconds"},
     LogLevel::error},
    {Message::completing_recovered, LogLevel::info, "completing recovered", {"outbox", "lasted_seconds"}},
    {Message::expiring_failed,
     LogLevel::warn,
     "deleting old rows failed",
     {"outbox", "reason", "error", "hint", "times", "lasting_seconds"},
     LogLevel::error},
    {Message::expiring_recovered,
     LogLevel::info,
     "deleting old rows recovered",
     {"outbox", "lasted_seconds"}},
    {Message::row_parked,
     LogLevel::error,
     "row parked: kafka refuses it, it waits in the table for a decision",
     {"outbox", "row", "reason", "error", "hint", "times"}},
    {Message::row_dead_lettered,
     LogLevel::warn,
     "row sent to the dead letter topic: kafka refuses it",
     {"outbox", "row", "reason", "error", "hint", "times"}},
    {Message::rows_requeued, LogLevel::info, "parked rows were put back and go out now", {"outbox", "rows"}},
    {Message::topic_held,
     LogLevel::warn,
     "topic held: its rows wait in the table, others go on",
     {"outbox", "topic", "reason", "error", "hint"}},
    {Message::topic_released, LogLevel::info, "topic released", {"outbox", "topic"}},
    {Message::late_rows,
     LogLevel::warn,
     "only the background sweep found these rows",
     {"outbox", "rows", "times", "hint"}},

    {Message::replay_begun,
     LogLevel::info,
     "publishing sent rows once more, as somebody requested",
     {"outbox", "replay"}},
    {Message::replay_left,
     LogLevel::info,
     "the replay is over, or passed on",
     {"outbox", "replay", "records"}},
    {Message::replay_not_begun, LogLevel::warn, "the replay cannot begin", {"outbox", "error", "hint"}},
    {Message::replay_failing,
     LogLevel::warn,
     "the replay makes no progress",
     {"outbox", "replay", "reason", "error", "hint"}},
    {Message::replay_recovered, LogLevel::info, "the replay goes on", {"outbox", "replay"}},
    {Message::replay_refused,
     LogLevel::warn,
     "row left out of the replay: kafka refuses it",
     {"outbox", "replay", "reason", "error", "hint"}},

    {Message::state_changed, LogLevel::debug, "state changed", {"outbox", "state", "previous"}},
    {Message::connection_opened, LogLevel::debug, "connection to postgresql opened", {"outbox", "purpose"}},
    {Message::producer_created, LogLevel::debug, "kafka producer created", {"outbox"}},
    {Message::redelivering,
     LogLevel::debug,
     "publishing records once more, their first fate is unknown",
     {"outbox", "records"}},
    {Message::rows_held, LogLevel::debug, "rows held behind a parked row of their key", {"outbox", "rows"}},
    {Message::sampling_failed, LogLevel::debug, "sampling failed", {"outbox", "error"}},
    {Message::librdkafka, LogLevel::debug, "librdkafka", {"outbox", "text"}},
    {Message::postgresql, LogLevel::debug, "postgresql", {"outbox", "text"}},
};

/// Each enumerator is in the list: one that is not ends the compilation.
[[nodiscard]] constexpr const MessageFacts& facts_of(Message message) {
  return all_messages[static_cast<std::size_t>(message)];
}

}  // namespace outbox_relay::telemetry
