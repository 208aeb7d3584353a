#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "postgres/table.h"

// The table of the control schema by which `outbox-relay replay` asks a relay to publish sent rows once more
// (deploy/sql/control.sql). The command writes requests and cancels them; a relay claims one, as a lease with
// the name it drew, and writes how far it has come.
namespace outbox_relay::postgres {

inline constexpr const char* replay_table = "replay";

enum class ReplayState : std::uint8_t { requested, running, done, cancelled, failed };
/// As it stands in the table.
[[nodiscard]] std::string to_text(ReplayState state);
/// One that is not known counts as failed.
[[nodiscard]] ReplayState to_replay_state(std::string_view text);
/// The states of a request that has not ended.
inline constexpr const char* open_replay_states = "('requested', 'running')";

/// For so long a relay that works on a request may be silent before another takes its place.
inline constexpr std::chrono::milliseconds replay_lease{10'000};

/// A request that no relay works on now: its id, or no row. $1 schema, $2 table of the outbox, both text.
[[nodiscard]] std::string open_replay_sql(const std::string& control_schema);

/// Which of the rows between its bounds a request means: sent ones, created within the times. Microseconds
/// since the epoch.
[[nodiscard]] std::string replayed_condition(const Table& table, std::optional<std::int64_t> created_from,
                                             std::optional<std::int64_t> created_before);

}  // namespace outbox_relay::postgres
