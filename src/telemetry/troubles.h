#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/failure.h"
#include "telemetry/messages.h"
#include "telemetry/time.h"

namespace outbox_relay::telemetry {

/// The latest failure of one kind, for people who look at the relay and not into its log.
struct Trouble {
  Message message = Message::fetching_failed;  ///< what the log says of it
  std::string subject{};                       ///< which row or topic, or empty
  core::Failure failure{};                     ///< the latest one
  WallTime since{};                            ///< of the first one, since it last went well
  WallTime latest{};
  std::uint64_t times = 0;  ///< since it last went well
  bool lasts = false;       ///< it goes on, or waits for somebody
};

/// What failed last in an outbox, by kind. Thread-safe; each call costs a short lock, and none comes once a
/// row but those of refused rows.
class Troubles {
 public:
  void happened(Message message, std::string subject, const core::Failure& failure, WallTime now);
  /// Whether what happened goes on. Once it is over, the failure is remembered, and counted anew.
  void lasts(Message message, bool lasts);
  /// Another pipeline begins: what failed is over until it fails again. Parked rows wait as before.
  void begun();
  /// All that lasts and, when nothing does, the latest failure that is over. The latest first.
  [[nodiscard]] std::vector<Trouble> worth_showing() const;

 private:
  mutable std::mutex mutex_;
  std::map<Message, Trouble> latest_;
};

}  // namespace outbox_relay::telemetry
