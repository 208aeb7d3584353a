#pragma once

#include <string_view>

#include "relay/ports.h"

// The values of the labels `state`, `cause`, `query` and `purpose`: closed lists, in the order of their
// enums. The values of `reason` are core's (core/failure.h), those of `level` the log's (telemetry/log.h).
namespace outbox_relay::telemetry {

[[nodiscard]] constexpr std::string_view to_label(relay::State state) {
  switch (state) {
    case relay::State::starting:
      return "starting";
    case relay::State::standby:
      return "standby";
    case relay::State::relaying:
      return "relaying";
    case relay::State::idle:
      return "idle";
    case relay::State::backing_off:
      return "backing_off";
    case relay::State::waiting_for_operator:
      return "waiting_for_operator";
    case relay::State::halted:
      return "halted";
    case relay::State::draining:
      return "draining";
  }
  return "unknown";
}

inline constexpr relay::State all_states[] = {
    relay::State::starting, relay::State::standby,     relay::State::relaying,
    relay::State::idle,     relay::State::backing_off, relay::State::waiting_for_operator,
    relay::State::halted,   relay::State::draining,
};

[[nodiscard]] constexpr std::string_view to_label(core::PollCause cause) {
  switch (cause) {
    case core::PollCause::timer:
      return "timer";
    case core::PollCause::full_page:
      return "full_page";
    case core::PollCause::notification:
      return "notification";
    case core::PollCause::wake:
      return "wake";
  }
  return "unknown";
}

inline constexpr core::PollCause all_poll_causes[] = {
    core::PollCause::timer,
    core::PollCause::full_page,
    core::PollCause::notification,
    core::PollCause::wake,
};

[[nodiscard]] constexpr std::string_view to_label(relay::Query query) {
  switch (query) {
    case relay::Query::fetch:
      return "fetch";
    case relay::Query::survey:
      return "survey";
    case relay::Query::flush_position:
      return "flush_position";
    case relay::Query::find_released:
      return "find_released";
    case relay::Query::complete:
      return "complete";
    case relay::Query::park:
      return "park";
    case relay::Query::save_watermark:
      return "save_watermark";
    case relay::Query::lead:
      return "lead";
    case relay::Query::sample:
      return "sample";
    case relay::Query::expire:
      return "expire";
  }
  return "unknown";
}

inline constexpr relay::Query all_queries[] = {
    relay::Query::fetch,    relay::Query::survey, relay::Query::flush_position, relay::Query::find_released,
    relay::Query::complete, relay::Query::park,   relay::Query::save_watermark, relay::Query::lead,
    relay::Query::sample,   relay::Query::expire,
};

[[nodiscard]] constexpr std::string_view to_label(relay::Purpose purpose) {
  switch (purpose) {
    case relay::Purpose::fetch:
      return "fetch";
    case relay::Purpose::complete:
      return "complete";
    case relay::Purpose::control:
      return "control";
  }
  return "unknown";
}

inline constexpr relay::Purpose all_purposes[] = {
    relay::Purpose::fetch,
    relay::Purpose::complete,
    relay::Purpose::control,
};

}  // namespace outbox_relay::telemetry
