#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "postgres/replay_table.h"
#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// From the first id to the last, both included.
struct IdBounds {
  std::string first;
  std::string last;
};
/// Created from the one time until before the other: any times that PostgreSQL reads.
struct TimeBounds {
  std::string from;
  std::string before;
};
using ReplayBounds = std::variant<IdBounds, TimeBounds>;

/// The sent rows within bounds.
struct SentRows {
  std::size_t rows = 0;
  std::optional<std::string> above_id;  ///< the id before the first one; nothing: it is the lowest
  std::string last_id;
  std::optional<std::int64_t> created_from;  ///< microseconds since the epoch
  std::optional<std::int64_t> created_before;
};

/// A request, as a relay has left it.
struct Replay {
  std::int64_t id = 0;
  ReplayState state = ReplayState::requested;
  std::size_t wanted_rows = 0;
  std::size_t replayed_rows = 0;
  std::size_t refused_rows = 0;
  std::optional<std::string> last_error;
  bool is_held = false;  ///< a relay works on it now

  [[nodiscard]] bool has_ended() const {
    return state != ReplayState::requested && state != ReplayState::running;
  }
};

/// Requests to publish the sent rows of an outbox once more, as somebody makes and follows them; a relay
/// carries them out (`ReplaySource`).
///
/// On a connection of its own, blocking; one thread. Everything throws `core::FailureError`.
class ReplayRequests {
 public:
  /// How many rows were found so far, and the last id that was looked at.
  using Progress = std::function<void(std::size_t rows, const std::string& up_to)>;

  /// Connects, and checks that there is what requests need.
  explicit ReplayRequests(Settings settings);
  ~ReplayRequests();

  [[nodiscard]] SentRows find(const ReplayBounds& bounds, const Progress& progress = {});
  /// Returns the request's id.
  [[nodiscard]] std::int64_t request(const SentRows& rows, int rows_per_second);
  [[nodiscard]] Replay read(std::int64_t id);
  /// A request that no relay works on ends at once, another one when its relay takes notice. Does nothing to
  /// one that has ended.
  void cancel(std::int64_t id);

 private:
  class Session;

  std::unique_ptr<Session> session_;
};

}  // namespace outbox_relay::postgres
