#pragma once

#include <optional>

#include "core/failure.h"
#include "core/row.h"
#include "core/window.h"

namespace outbox_relay::core {

/// A row of the window that is to be set aside in the table.
struct Parking {
  InFlight* row = nullptr;
  /// Why Kafka refuses it. Means nothing for a row that is only held.
  Failure failure;
  /// The parked row of its key that it has to wait for; nothing for a row that was refused itself.
  std::optional<RowId> behind;
};

}  // namespace outbox_relay::core
