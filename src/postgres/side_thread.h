#pragma once

#include <chrono>
#include <memory>
#include <pqxx/pqxx>

#include "core/failure.h"
#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// Something that is done in the database again and again, beside the data path. All of it is called on the
/// thread that does it.
class SideTask {
 public:
  virtual ~SideTask() = default;

  /// Whether there is anything to be done now; a connection is only made for that.
  [[nodiscard]] virtual bool has_work() const { return true; }
  /// The connection is a new one.
  virtual void connected(pqxx::connection& connection) = 0;
  /// Returns how long to rest. Whatever it throws ends the connection (libpqxx 6.4 would silently open
  /// another).
  virtual std::chrono::milliseconds turn(pqxx::connection& connection) = 0;
  /// A turn has failed, or there is no connection. Returns how long to rest.
  virtual std::chrono::milliseconds failed(const core::Failure& failure) = 0;
};

/// The thread and the connection of a `SideTask`, so that the data path never waits for it.
///
/// The destructor interrupts a statement that is under way; it may wait for a connection that is being made,
/// at most for its connect_timeout for each host.
class SideThread {
 public:
  /// No turn takes longer than `longest_turn` while the server answers.
  SideThread(ServerSettings settings, std::unique_ptr<SideTask> task, std::chrono::milliseconds longest_turn);
  ~SideThread();

  /// Ends a turn that has had no answer for too long: a server that is frozen still acknowledges what it is
  /// sent, so nothing else would. To be called now and then, by any thread.
  void end_stuck();

 private:
  class Thread;

  std::unique_ptr<Thread> thread_;
};

}  // namespace outbox_relay::postgres
