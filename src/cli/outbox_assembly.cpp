#include "cli/outbox_assembly.h"

#include <atomic>
#include <cmath>
#include <limits>

#include "cli/mapping.h"
#include "kafka/kafka_sink.h"
#include "postgres/measurement.h"
#include "postgres/sampler.h"
#include "postgres/source.h"
#include "relay/asio_clock.h"
#include "relay/pipeline.h"

namespace outbox_relay::cli {

namespace {

// librdkafka talks about each broker and each attempt. What matters of it is told by the pipeline, once.
kafka::LogCallback debug_lines(telemetry::Log& log, const std::string& outbox) {
  return [&log, outbox](kafka::LogLevel, std::string_view text) {
    log.debug("librdkafka", {{"outbox", outbox}, {"text", text}});
  };
}

postgres::PostgresSource::Events source_events(telemetry::OutboxTelemetry& telemetry, telemetry::Log& log,
                                               const std::string& outbox) {
  return {.connection_opened = [&telemetry](relay::Purpose purpose) { telemetry.connection_opened(purpose); },
          .notice =
              [&log, outbox](std::string_view text) {
                log.debug("postgresql", {{"outbox", outbox}, {"text", text}});
              }};
}

telemetry::Sample to_telemetry(const postgres::Sample& sample) {
  const auto count = [](double value) -> std::optional<std::uint64_t> {
    if (std::isnan(value)) return std::nullopt;
    return static_cast<std::uint64_t>(value);
  };
  const auto microseconds = [](double seconds) -> std::optional<std::chrono::microseconds> {
    if (std::isnan(seconds)) return std::nullopt;
    return std::chrono::microseconds{static_cast<std::int64_t>(seconds * 1e6)};
  };
  telemetry::Sample result;
  result.backlog_rows = count(sample.backlog_rows);
  if (const auto oldest = microseconds(sample.oldest_pending_timestamp_seconds)) {
    result.oldest_created_at = core::DatabaseTime{*oldest};
  }
  result.parked_rows = count(sample.parked_rows);
  result.held_rows = count(sample.held_rows);
  result.dead_rows = count(sample.table_dead_rows);
  result.oldest_snapshot_age = microseconds(sample.oldest_snapshot_age_seconds);
  return result;
}

class OutboxAssembly final : public relay::Assembly {
 public:
  OutboxAssembly(const boost::asio::any_io_executor& executor, const config::Config& config,
                 const config::Outbox& outbox, telemetry::OutboxTelemetry& telemetry, telemetry::Log& log)
      : telemetry_(telemetry),
        routing_(to_routing(outbox)),
        clock_(executor),
        source_(executor, to_postgres_settings(config, outbox), routing_.columns,
                source_events(telemetry, log, outbox.name)),
        sink_(std::make_unique<kafka::KafkaSink>(executor, to_producer_settings(config, outbox), routing_,
                                                 debug_lines(log, outbox.name))),
        pipeline_(to_plan_settings(outbox), routing_, source_, *sink_, clock_, telemetry),
        sampler_(
            to_postgres_settings(config, outbox), outbox.sample_interval, watermark_,
            {.sampled =
                 [&telemetry](const postgres::Sample& sample) { telemetry.sampled(to_telemetry(sample)); },
             .failed =
                 [&log, name = outbox.name](const core::Failure& failure) {
                   log.debug("sampling failed", {{"outbox", name}, {"error", failure.message}});
                 },
             .connection_opened = [&telemetry] { telemetry.connection_opened(relay::Purpose::control); }}) {}

  // librdkafka reads rows in place until it is gone, and the pipeline's window holds them.
  ~OutboxAssembly() override { sink_.reset(); }

  relay::Pipeline& pipeline() override { return pipeline_; }

  void beat() override {
    telemetry_.beat();
    sampler_.end_stuck();
    if (const auto watermark = pipeline_.plan().watermark()) watermark_ = *watermark;
  }

 private:
  telemetry::OutboxTelemetry& telemetry_;
  core::Routing routing_;
  relay::AsioClock clock_;
  postgres::PostgresSource source_;
  std::unique_ptr<kafka::KafkaSink> sink_;
  relay::Pipeline pipeline_;
  std::atomic<std::int64_t> watermark_{std::numeric_limits<std::int64_t>::min()};
  postgres::Sampler sampler_;
};

}  // namespace

std::unique_ptr<relay::Assembly> assemble_outbox(boost::asio::any_io_executor executor,
                                                 const config::Config& config, const config::Outbox& outbox,
                                                 telemetry::OutboxTelemetry& telemetry, telemetry::Log& log) {
  return std::make_unique<OutboxAssembly>(executor, config, outbox, telemetry, log);
}

}  // namespace outbox_relay::cli
