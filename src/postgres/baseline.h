#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// Where the history of a table ends; what is there itself is no history.
struct BeforeId {
  std::string id;
};
/// By the creation of the rows: any time that PostgreSQL reads.
struct BeforeTime {
  std::string time;
};
using Before = std::variant<BeforeId, BeforeTime>;

/// How far the marking has come.
struct BaselineCount {
  std::size_t marked = 0;  ///< or would be
  std::size_t parked = 0;  ///< of the history, and left as they are
  std::string up_to;       ///< the last id that was looked at
};

/// Marks the history of a table as sent that has just got its `sent` column, so that no relay publishes it.
///
/// In small transactions, in the order of the ids; what is marked stays marked, and a second call goes on
/// behind it. Never touches a parked row, and none that was written after it began. Each transaction holds
/// the lock by which relays lead, so that none publishes what is being marked.
///
/// On a connection of its own, blocking; one thread. Everything throws `core::FailureError`.
class Baseline {
 public:
  /// Called after each transaction.
  using Progress = std::function<void(const BaselineCount&)>;

  /// Connects, and checks that the history ends in the past. `beside_relay`: a relay may be at work
  /// meanwhile, and publish a part of it.
  Baseline(Settings settings, Before before, bool beside_relay);
  ~Baseline();

  /// How many rows `mark` would mark.
  [[nodiscard]] BaselineCount count(const Progress& progress = {});
  BaselineCount mark(const Progress& progress = {});

 private:
  class Session;

  std::unique_ptr<Session> session_;
};

}  // namespace outbox_relay::postgres
