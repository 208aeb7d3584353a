#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/diagnosis.h"
#include "core/units.h"
#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// What is to be looked at.
struct InspectionSettings {
  Settings settings;
  std::vector<std::string> columns;  ///< that templates name
  bool deletes_sent_rows = false;    ///< later, after they were marked
  // Commands that mend things.
  std::string make_role = {};
  std::string make_control_schema = {};
  std::string make_trigger = {};
  std::string mark_history = {};  ///< what it is to mark before follows: a time, or an id
};

struct Inspection {
  core::Findings findings;
  /// The largest of the newest pending rows, as far as that was found out at once; values that are stored
  /// compressed count as they are stored.
  std::optional<core::Bytes> largest_pending;
};

/// Looks at server, table, grants and control schema as the relay's role sees them, and says what to mend.
/// Changes nothing, and asks nothing that takes long. Blocks; every step has a bound, but for the resolver.
[[nodiscard]] Inspection inspect(const InspectionSettings& wanted);

}  // namespace outbox_relay::postgres
