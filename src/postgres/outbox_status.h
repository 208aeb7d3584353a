#pragma once

#include <cstdint>
#include <optional>

#include "core/failure.h"
#include "postgres/leader.h"
#include "postgres/sample.h"
#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// What is known of an outbox from the database alone, whether a relay runs or not.
struct OutboxStatus {
  Sample sample;
  double oldest_pending_age_seconds = Sample::unknown;  ///< by the database's clock; 0 without backlog
  SeenLeader leader;
  std::optional<std::int64_t> watermark;  ///< where a start would begin; nothing: not known
  /// What kept the rest from being found out.
  std::optional<core::Failure> problem;
};

/// Asks with the sampler's statements, so it costs the database no more than one sample. Blocking. Throws
/// `core::FailureError` when the server cannot be reached, and only then.
[[nodiscard]] OutboxStatus read_status(const Settings& settings);

}  // namespace outbox_relay::postgres
