#include "kafka/probe.h"

#include <cassert>
#include <ranges>
#include <utility>

namespace outbox_relay::kafka {

Probe::Probe(const ProducerSettings& settings, Housekeeper& housekeeper, int event_fd, LogCallback log,
             Limits limits)
    : channel_(settings, ProducerKind::probe, housekeeper, event_fd, std::move(log)), limits_(limits) {}

Channel& Probe::next() {
  assert(channel_.outstanding() == 0);
  used_at_ = Clock::now();
  return channel_;
}

bool Probe::collect(std::vector<relay::DeliveryReport>& into) {
  if (!is_open()) return false;
  const std::size_t before = into.size();
  const bool has_more = channel_.collect(into);
  for (relay::DeliveryReport& report : into | std::views::drop(before)) {
    used_at_ = Clock::now();
    if (!report.failure || report.failure->remedy == core::Remedy::park) continue;
    channel_.reader().producer_failed(*report.failure);
    // Why it was taken back, rather than that it was.
    if (report.failure->remedy == core::Remedy::rebuild) report.failure = channel_.reader().end();
  }
  const auto silence = Clock::now() - used_at_;
  if (channel_.outstanding() > 0 && silence >= limits_.answer) {
    channel_.reader().producer_failed(
        {core::Reason::timeout, core::Remedy::rebuild, "kafka: no answer about a row that travels alone",
         "look at its partition's leader, and whether it has enough replicas in sync"});
  }
  const bool has_ended = channel_.reader().end().has_value();
  if (channel_.outstanding() > 0) {
    if (has_ended) channel_.purge(RD_KAFKA_PURGE_F_QUEUE);  // what is with a broker is worth its answer
  } else if (has_ended || silence >= limits_.idleness) {
    channel_.close();
  }
  return has_more;
}

std::optional<Probe::Clock::time_point> Probe::collect_at() const {
  if (!is_open()) return std::nullopt;
  if (channel_.outstanding() == 0) return used_at_ + limits_.idleness;
  return channel_.reader().end() ? Clock::now() + Channel::purge_interval : used_at_ + limits_.answer;
}

}  // namespace outbox_relay::kafka
