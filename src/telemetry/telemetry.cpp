#include "telemetry/telemetry.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "telemetry/process.h"

namespace outbox_relay::telemetry {

namespace {

/// For counters that are counted elsewhere. What is unknown (NaN) leaves the counter as it is.
void raise_to(prometheus::Counter& counter, double value) {
  if (value > counter.Value()) counter.Increment(value - counter.Value());
}

bool precedes(const prometheus::ClientMetric& a, const prometheus::ClientMetric& b) {
  return std::ranges::lexicographical_compare(a.label, b.label, [](const auto& left, const auto& right) {
    return std::pair(left.name, left.value) < std::pair(right.name, right.value);
  });
}

}  // namespace

Telemetry::Telemetry(const BuildInfo& build, Log& log, Time time)
    : log_(&log),
      build_(build),
      time_(std::move(time)),
      registry_(std::make_unique<prometheus::Registry>()),
      health_(time_),
      process_(*registry_, build) {
  process_.reload_success_timestamp.Set(to_timestamp(time_.wall()));
}

Telemetry::~Telemetry() = default;

OutboxTelemetry& Telemetry::add_outbox(const OutboxOptions& options) {
  auto& health = health_.add(options.name, options.health);
  const std::lock_guard lock(mutex_);
  return *outboxes_.emplace_back(
      std::make_unique<OutboxTelemetry>(*registry_, health, *log_, time_, options));
}

void Telemetry::remove_outbox(const std::string& outbox) {
  const std::lock_guard lock(mutex_);
  std::erase_if(outboxes_, [&outbox](const auto& each) { return each->name() == outbox; });
  health_.remove(outbox);
}

void Telemetry::config_reloaded(bool successful) {
  process_.reload_successful.Set(successful ? 1 : 0);
  if (successful) process_.reload_success_timestamp.Set(to_timestamp(time_.wall()));
}

std::string Telemetry::render() {
  const std::lock_guard lock(mutex_);
  refresh_process();
  for (const auto& outbox : outboxes_) outbox->refresh();
  auto families = registry_->Collect();
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  for (auto& family : families) std::ranges::sort(family.metric, precedes);
  return prometheus::TextSerializer().prometheus::Serializer::Serialize(families);
}

Overview Telemetry::overview() {
  const std::lock_guard lock(mutex_);
  Overview overview{.build = build_,
                    .now = time_.wall(),
                    .start_timestamp_seconds = read_process_facts().start_time_seconds,
                    .outboxes = {}};
  for (const auto& outbox : outboxes_) overview.outboxes.push_back(outbox->overview());
  std::ranges::sort(overview.outboxes, {}, &OutboxOverview::name);  // a reload begins them in any order
  return overview;
}

void Telemetry::refresh_process() {
  const auto counts = log_->counts();
  for (const auto level : all_log_levels) {
    raise_to(process_.log_messages[level],
             static_cast<double>(counts.written[static_cast<std::size_t>(level)]));
  }
  raise_to(process_.log_messages_suppressed, static_cast<double>(counts.suppressed));
  const auto facts = read_process_facts();
  raise_to(process_.cpu_seconds, facts.cpu_seconds);
  process_.resident_memory.Set(facts.resident_memory_bytes);
  process_.virtual_memory.Set(facts.virtual_memory_bytes);
  process_.open_descriptors.Set(facts.open_descriptors);
  process_.max_descriptors.Set(facts.max_descriptors);
  process_.threads.Set(facts.threads);
  process_.start_time.Set(facts.start_time_seconds);
}

}  // namespace outbox_relay::telemetry
