#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "core/failure.h"
#include "core/routing.h"
#include "core/window.h"
#include "kafka/handles.h"
#include "kafka/headers.h"

namespace outbox_relay::kafka {

/// The parts of a record that are made from a row, rather than taken from it as they are (CONTRACT.md,
/// section 3). Keeps its memory from row to row. For one thread; the routing must outlive it.
class RecordMaker {
 public:
  explicit RecordMaker(const core::Routing& routing) : routing_(&routing) {}

  /// The message id, those of a CloudEvent, the configured headers, those of the headers column; for a dead
  /// letter also where it comes from and why: in this order. Or why the row is refused: its headers column
  /// holds something else than a JSON object, or it lacks what a CloudEvent must have. A dead letter goes
  /// without.
  [[nodiscard]] std::variant<HeadersHandle, core::Failure> headers_of(
      const core::InFlight& in_flight, std::chrono::system_clock::time_point now);

 private:
  void add_event(rd_kafka_headers_t* headers, const core::Row& row) const;
  /// Returns the first one that a CloudEvent must have and this row does not.
  const core::HeaderRule* add_configured(rd_kafka_headers_t* headers, const core::Row& row);
  /// Whether a header of the headers column gives way to one that the record has already.
  [[nodiscard]] bool is_taken(std::string_view name) const;

  const core::Routing* routing_;
  HeadersReader reader_;
  std::string rendered_;
};

/// `created_at` in milliseconds, but not later than `now`: the database's clock may be ahead of the brokers',
/// and Kafka refuses a whole batch for one record too far in the future. Nothing for a row without it, or
/// from before 1970, which Kafka's timestamps cannot say.
[[nodiscard]] std::optional<std::int64_t> timestamp_of(const core::Row& row,
                                                       std::chrono::system_clock::time_point now);

}  // namespace outbox_relay::kafka
