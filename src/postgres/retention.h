#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "core/failure.h"
#include "postgres/outlook.h"
#include "postgres/settings.h"
#include "postgres/side_thread.h"

namespace outbox_relay::postgres {

/// Deletes sent rows that have been kept for long enough (`keep_sent`), in rounds from the bottom of the
/// table, a thousand rows looked at by one transaction. A round ends where the rows are too young.
///
/// It never gets in the way of the relay: on a thread and a connection of its own, at work for a fifth of the
/// time at the most, waiting for no lock of a row, and only in the relay that leads.
class Retention {
 public:
  /// Called on its thread.
  struct Events {
    std::function<void(std::size_t rows)> expired;
    std::function<void(const core::Failure&)> failed;
    std::function<void()> connection_opened;
    std::function<void(std::chrono::steady_clock::duration)> timed;  ///< how long one transaction took
  };

  /// `outlook` outlives it. Of the destructor, see `SideThread`.
  Retention(const Settings& settings, std::chrono::milliseconds keep_sent, const Outlook& outlook,
            Events events);

  /// See `SideThread`.
  void end_stuck() { thread_.end_stuck(); }

 private:
  class Task;

  SideThread thread_;
};

}  // namespace outbox_relay::postgres
