#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/families.h"
#include "telemetry/health.h"
#include "telemetry/log.h"
#include "telemetry/outbox_telemetry.h"
#include "telemetry/overview.h"
#include "telemetry/time.h"

namespace prometheus {
class Registry;
}

namespace outbox_relay::telemetry {

/// What `/metrics` is sent as: the text format of Prometheus.
inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics and health of the process and of its outboxes. Made before the pipelines and destroyed after them.
/// Thread-safe.
class Telemetry {
 public:
  /// `log` outlives this; its lines are counted here.
  Telemetry(const BuildInfo& build, Log& log, Time time = {});
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  /// The returned reference stays valid until it is removed. Names of outboxes are unique.
  OutboxTelemetry& add_outbox(const OutboxOptions& options);
  /// Nothing is told of the outbox any more: its series go, and its health.
  void remove_outbox(const std::string& outbox);
  /// The configuration was read again, or refused.
  void config_reloaded(bool successful);

  /// The body of `/metrics`: families by name, series by labels.
  [[nodiscard]] std::string render();
  /// For people who open the relay in a browser.
  [[nodiscard]] Overview overview();
  [[nodiscard]] const Health& health() const { return health_; }

 private:
  void refresh_process();

  Log* log_;
  const BuildInfo build_;
  const Time time_;
  std::unique_ptr<prometheus::Registry> registry_;
  Health health_;
  std::mutex mutex_;  // guards what follows: outboxes are added and metrics rendered by different threads
  ProcessSeries process_;
  std::vector<std::unique_ptr<OutboxTelemetry>> outboxes_;
};

}  // namespace outbox_relay::telemetry
