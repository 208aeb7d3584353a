#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "relay/ports.h"
#include "telemetry/time.h"

// What `/livez` and `/readyz` answer. The judgement is pure; time is handed in.
namespace outbox_relay::telemetry {

/// What one pipeline is known to do.
struct OutboxFacts {
  relay::State state = relay::State::starting;
  TimePoint last_beat;       ///< when its loop last showed that it turns; at first: when it was made
  bool has_ended = false;    ///< its thread left in an orderly way
  bool is_replaced = false;  ///< it stops, and the process goes on
  bool has_polled = false;   ///< the outbox was read at least once
  std::optional<TimePoint> last_success;      ///< rows were completed or parked
  std::optional<TimePoint> in_flight_since;   ///< there are rows that were fetched and not completed
  std::optional<TimePoint> unreadable_since;  ///< polls fail, so that nobody knows what waits in the outbox
  /// Samples found pending rows: from the first of them on, up to the latest one.
  std::optional<TimePoint> backlog_since;
  TimePoint backlog_seen;
};

struct HealthLimits {
  /// A pipeline beats each second, and nothing on its thread may block. Generous, because a false alarm
  /// restarts a relay on a machine that is merely starved.
  Duration beat_bound = std::chrono::seconds{30};
  /// Work that waits for longer without any success makes the outbox not ready (`stale_after`).
  Duration stale_after = std::chrono::seconds{60};
};

struct Verdict {
  bool is_good = false;
  std::string reason{};
};

/// Whether the pipeline's own loop turns. Never about PostgreSQL or Kafka: a restart does not mend those.
[[nodiscard]] Verdict judge_liveness(const OutboxFacts& facts, const HealthLimits& limits, TimePoint now);
/// Whether the outbox is being relayed, or stands by for another relay.
[[nodiscard]] Verdict judge_readiness(const OutboxFacts& facts, const HealthLimits& limits, TimePoint now);

/// One outbox's part. Thread-safe: written by its pipeline, read by the HTTP thread. Not called once a row.
class OutboxHealth {
 public:
  OutboxHealth(std::string name, HealthLimits limits, TimePoint now);

  void beat(TimePoint now);
  void ended();
  /// A new configuration ends the pipeline: that it drains is no trouble, and what was known holds for the
  /// one that follows.
  void replaced();
  /// A pipeline begins its work, the first one or after `replaced`.
  void begun(HealthLimits limits, TimePoint now);
  /// The process ends: nothing follows any more.
  void stops();
  void state_changed(relay::State state);
  void polled();
  void poll_failed(TimePoint now);
  void in_flight(std::size_t rows, TimePoint now);
  /// Rows were completed or parked: both is progress.
  void completed(TimePoint now);
  /// Pending rows in the table; NaN when they cannot be counted.
  void sampled(double backlog_rows, TimePoint now);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] HealthLimits limits() const;
  [[nodiscard]] OutboxFacts facts() const;

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  HealthLimits limits_;
  OutboxFacts facts_;
};

/// An answer for a probe: the text says why not, or with `verbose` a line for each outbox.
struct HealthReport {
  bool is_good = false;
  std::string text;
};

/// All outboxes of this process. Thread-safe.
class Health {
 public:
  explicit Health(Time time) : time_(std::move(time)) {}

  /// The returned reference stays valid until it is removed.
  OutboxHealth& add(std::string outbox, HealthLimits limits);
  void remove(const std::string& outbox);
  [[nodiscard]] HealthReport liveness(bool verbose) const;
  /// Not before there is an outbox.
  [[nodiscard]] HealthReport readiness(bool verbose) const;

 private:
  using Judge = Verdict (*)(const OutboxFacts&, const HealthLimits&, TimePoint);
  [[nodiscard]] HealthReport report(Judge judge, bool verbose) const;

  Time time_;
  mutable std::mutex mutex_;
  std::list<OutboxHealth> outboxes_;  // a list, because it never moves what it holds
};

}  // namespace outbox_relay::telemetry
