#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/failure.h"
#include "postgres/settings.h"

namespace outbox_relay::postgres {

enum class ParkedAction : std::uint8_t;

/// Which of those rows are meant: all, narrowed by what is given. Of one kind any value fits.
struct ParkedSelection {
  std::vector<std::string> ids;
  std::vector<std::string> keys;  ///< the key's text; of a bytea column, its bytes
  std::vector<core::Reason> reasons;
};

/// A row that Kafka refused and that is parked; or one that is held behind such a row which is gone, because
/// somebody deleted it or took it out by hand.
struct ParkedRow {
  std::string id;
  core::Reason reason = core::Reason::other;
  std::string error;
  std::int64_t attempts = 0;
  std::string parked_at;                  ///< as 2026-01-31 23:59:59.999999+00
  std::optional<std::string> created_at;  ///< the same; nothing when the column is NULL or not configured
  bool has_key = false;
  std::int64_t rows_behind = 0;  ///< held until this one is requeued or discarded
};

/// How many rows were put back, or discarded, or would be.
struct ParkedCount {
  std::size_t refused = 0;
  std::size_t behind = 0;  ///< released, because they were held behind those
};

/// A selected id that names no refused row.
struct NotRefused {
  std::string id;
  std::optional<std::string> behind;  ///< it is held behind this row; nothing: it is not parked, or not there
};

/// The parked rows of an outbox, for people: a relay that is running notices within seconds what is done
/// here. Never reads a payload.
///
/// On a connection of its own, blocking; one thread. Everything throws `core::FailureError`.
class ParkedRows {
 public:
  /// Called after each transaction, with what has been done so far.
  using Progress = std::function<void(const ParkedCount&)>;

  /// Connects, and checks that the table has what parking needs.
  explicit ParkedRows(Settings settings);
  ~ParkedRows();

  /// Visits the rows in the order of their ids.
  void list(const ParkedSelection& selection, const std::function<void(const ParkedRow&)>& visit);
  /// The selected ids that name no refused row, in the order they were given.
  [[nodiscard]] std::vector<NotRefused> find_not_refused(const ParkedSelection& selection);
  /// How many rows `requeue` or `discard` would touch.
  [[nodiscard]] ParkedCount count(const ParkedSelection& selection);
  /// Puts the rows back into the outbox, and those behind them: about a hundred in one transaction, each with
  /// all that are behind it. Keeps their attempts and errors.
  ParkedCount requeue(const ParkedSelection& selection, const Progress& progress = {});
  /// Completes the rows without publishing them: for good, on purpose. Those behind them go on.
  ParkedCount discard(const ParkedSelection& selection, const Progress& progress = {});

 private:
  class Session;

  ParkedCount change(ParkedAction action, const ParkedSelection& selection, const Progress& progress);

  std::unique_ptr<Session> session_;
};

}  // namespace outbox_relay::postgres
