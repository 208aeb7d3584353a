#pragma once

#include <string_view>

#include "relay/ports.h"

// What the log says of an outbox: the whole vocabulary, so that people can search and alert on it. Failures
// and refused rows carry the fields `reason`, `error` and `hint`, and `times` (a failure `lasting_seconds`
// too) when the line stands for several.
namespace outbox_relay::telemetry::messages {

inline constexpr std::string_view relaying = "relaying";
inline constexpr std::string_view standby = "another relay works on this outbox, standing by";
inline constexpr std::string_view halted = "halted: nothing more of this outbox goes out";
inline constexpr std::string_view draining = "draining";
inline constexpr std::string_view state_changed = "state changed";
inline constexpr std::string_view connection_opened = "connection to postgresql opened";
inline constexpr std::string_view producer_created = "kafka producer created";
inline constexpr std::string_view redelivering = "publishing records once more, their first fate is unknown";
inline constexpr std::string_view leads = "leading: this relay works on the outbox";
inline constexpr std::string_view leads_no_more = "leading no more";
inline constexpr std::string_view parked =
    "row parked: kafka refuses it, it waits in the table for a decision";
inline constexpr std::string_view dead_lettered = "row sent to the dead letter topic: kafka refuses it";
inline constexpr std::string_view held = "rows held behind a parked row of their key";
inline constexpr std::string_view requeued = "parked rows were put back and go out now";
inline constexpr std::string_view topic_held = "topic held: its rows wait in the table, others go on";
inline constexpr std::string_view topic_released = "topic released";
inline constexpr std::string_view replay_begun = "publishing sent rows once more, as somebody requested";
inline constexpr std::string_view replay_left = "the replay is over, or passed on";
inline constexpr std::string_view replay_failing = "the replay makes no progress";
inline constexpr std::string_view replay_recovered = "the replay goes on";
inline constexpr std::string_view replay_refused = "row left out of the replay: kafka refuses it";
inline constexpr std::string_view replay_not_begun = "the replay cannot begin";
inline constexpr std::string_view late_rows = "only the background sweep found these rows";
inline constexpr std::string_view late_rows_hint =
    "let the INSERT draw ids from the column's own sequence, with CACHE 1 and NO CYCLE; rows found late may "
    "be out of order";

[[nodiscard]] constexpr std::string_view failed(relay::Activity activity) {
  switch (activity) {
    case relay::Activity::fetch:
      return "fetching failed";
    case relay::Activity::publish:
      return "publishing failed";
    case relay::Activity::complete:
      return "completing failed";
    case relay::Activity::expire:
      return "deleting old rows failed";
  }
  return "failed";
}

[[nodiscard]] constexpr std::string_view recovered(relay::Activity activity) {
  switch (activity) {
    case relay::Activity::fetch:
      return "fetching recovered";
    case relay::Activity::publish:
      return "publishing recovered";
    case relay::Activity::complete:
      return "completing recovered";
    case relay::Activity::expire:
      return "deleting old rows recovered";
  }
  return "recovered";
}

}  // namespace outbox_relay::telemetry::messages
