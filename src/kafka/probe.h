#pragma once

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "kafka/channel.h"

namespace outbox_relay::kafka {

/// The producer for suspects, one row at a time, so that what Kafka says is about that row.
///
/// Made for the first suspect, and given up when it had nothing to do for a while, when there is no answer
/// about a row for too long, or when one came back without a verdict: so the next attempt begins anew,
/// without what this one remembers of a topic or its ACL. Its end is no business of the other producers: the
/// row comes back with remedy `rebuild`, or `operate` where a new producer would not help. Lives on its
/// pipeline's thread.
class Probe {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    Clock::duration idleness = std::chrono::minutes{1};
    /// A row whose partition has no leader, or too few replicas, would stay for ever, and be the only suspect
    /// that is tried.
    Clock::duration answer = std::chrono::seconds{20};
  };

  Probe(const ProducerSettings& settings, Housekeeper& housekeeper, int event_fd, LogCallback log,
        Limits limits);
  Probe(const ProducerSettings& settings, Housekeeper& housekeeper, int event_fd, LogCallback log)
      : Probe(settings, housekeeper, event_fd, std::move(log), Limits{}) {}

  /// Where the next suspect goes; the one before has its report.
  [[nodiscard]] Channel& next();
  /// Reads what the producer has to say. Returns whether there may be more.
  [[nodiscard]] bool collect(std::vector<relay::DeliveryReport>& into);
  /// When `collect` is to be called although nothing wakes anybody up.
  [[nodiscard]] std::optional<Clock::time_point> collect_at() const;
  [[nodiscard]] Channel& channel() { return channel_; }

 private:
  [[nodiscard]] bool is_open() const { return channel_.producer() != nullptr; }

  Channel channel_;
  Limits limits_;
  Clock::time_point used_at_;
};

}  // namespace outbox_relay::kafka
