#include "postgres/replay_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "postgres/row_bounds.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {

namespace {

constexpr std::array<std::pair<ReplayState, std::string_view>, 5> states{
    {{ReplayState::requested, "requested"},
     {ReplayState::running, "running"},
     {ReplayState::done, "done"},
     {ReplayState::cancelled, "cancelled"},
     {ReplayState::failed, "failed"}}};

}  // namespace

std::string to_text(ReplayState state) {
  const auto* known = std::ranges::find(states, state, [](const auto& each) { return each.first; });
  return std::string{known->second};
}

ReplayState to_replay_state(std::string_view text) {
  const auto* known = std::ranges::find(states, text, [](const auto& each) { return each.second; });
  return known == states.end() ? ReplayState::failed : known->first;
}

std::string open_replay_sql(const std::string& control_schema) {
  return "SELECT r.id FROM " + qualified(control_schema, replay_table) +
         " r WHERE r.table_schema = $1 AND r.table_name = $2 AND r.state IN " + open_replay_states +
         " AND"
         " (r.held_until IS NULL OR r.held_until < clock_timestamp()) ORDER BY r.id LIMIT 1";
}

std::string replayed_condition(const Table& table, std::optional<std::int64_t> created_from,
                               std::optional<std::int64_t> created_before) {
  std::string condition = sent_condition(table);
  if (created_from) condition += " AND " + reference(*table.created_at) + " >= " + moment_sql(*created_from);
  if (created_before)
    condition += " AND " + reference(*table.created_at) + " < " + moment_sql(*created_before);
  return condition;
}

}  // namespace outbox_relay::postgres
