#include "cli/outbox_assembly.h"

#include <optional>
#include <utility>

#include "cli/library_log.h"
#include "cli/mapping.h"
#include "kafka/kafka_sink.h"
#include "postgres/retention.h"
#include "postgres/sampler.h"
#include "postgres/source.h"
#include "relay/asio_clock.h"
#include "relay/pipeline.h"

namespace outbox_relay::cli {

namespace {

postgres::PostgresSource::Events source_events(telemetry::OutboxTelemetry& telemetry, telemetry::Log& log,
                                               const std::string& outbox) {
  return {.connection_opened = [&telemetry](relay::Purpose purpose) { telemetry.connection_opened(purpose); },
          .notice = postgresql_lines(log, outbox)};
}

telemetry::Sample to_telemetry(const postgres::Sample& sample) {
  return {.backlog_rows = sample.backlog_rows,
          .is_estimate = sample.is_estimate(),
          .backlog_oldest_timestamp_seconds = sample.oldest_pending_timestamp_seconds,
          .parked_rows = sample.parked_rows,
          .held_rows = sample.held_rows,
          .table_dead_rows = sample.table_dead_rows,
          .oldest_snapshot_age_seconds = sample.oldest_snapshot_age_seconds};
}

postgres::Sampler::Events sampler_events(telemetry::OutboxTelemetry& telemetry, telemetry::Log& log,
                                         const std::string& outbox, ReplayRequested replay_requested) {
  return {
      .sampled = [&telemetry](const postgres::Sample& sample) { telemetry.sampled(to_telemetry(sample)); },
      .failed =
          [&log, outbox](const core::Failure& failure) {
            log.say<telemetry::Message::sampling_failed>(outbox, failure.message);
          },
      .connection_opened = [&telemetry] { telemetry.connection_opened(relay::Purpose::control); },
      .measured =
          [&telemetry](std::chrono::steady_clock::duration duration) {
            telemetry.queried(relay::Query::sample, duration);
          },
      .replay_requested = std::move(replay_requested)};
}

postgres::Retention::Events retention_events(telemetry::OutboxTelemetry& telemetry) {
  return {.expired = [&telemetry](std::size_t rows) { telemetry.expired(rows); },
          .failed = [&telemetry](
                        const core::Failure& failure) { telemetry.failed(relay::Activity::expire, failure); },
          .connection_opened = [&telemetry] { telemetry.connection_opened(relay::Purpose::control); },
          .timed =
              [&telemetry](std::chrono::steady_clock::duration duration) {
                telemetry.queried(relay::Query::expire, duration);
                telemetry.recovered(relay::Activity::expire);
              }};
}

class OutboxAssembly final : public relay::Assembly {
 public:
  OutboxAssembly(const boost::asio::any_io_executor& executor, const OutboxSettings& settings,
                 telemetry::OutboxTelemetry& telemetry, telemetry::Log& log, ReplayRequested replay_requested)
      : telemetry_(telemetry),
        routing_(to_routing(settings.outbox)),
        clock_(executor),
        source_(executor, to_postgres_settings(settings.postgres, settings.outbox), routing_.columns,
                source_events(telemetry, log, settings.outbox.name)),
        sink_(std::make_unique<kafka::KafkaSink>(executor,
                                                 to_producer_settings(settings.kafka, settings.outbox),
                                                 routing_, librdkafka_lines(log, settings.outbox.name))),
        pipeline_(to_plan_settings(settings.outbox), routing_, source_, *sink_, clock_, telemetry),
        sampler_(to_postgres_settings(settings.postgres, settings.outbox), settings.outbox.sample_interval,
                 outlook_,
                 sampler_events(telemetry, log, settings.outbox.name, std::move(replay_requested))) {
    if (settings.outbox.keep_sent.count() == 0) return;
    retention_.emplace(to_postgres_settings(settings.postgres, settings.outbox), settings.outbox.keep_sent,
                       outlook_, retention_events(telemetry));
  }

  // librdkafka reads rows in place until it is gone, and the pipeline's window holds them.
  ~OutboxAssembly() override { sink_.reset(); }

  relay::Pipeline& pipeline() override { return pipeline_; }

  void beat() override {
    telemetry_.beat();
    sampler_.end_stuck();
    if (retention_) retention_->end_stuck();
    outlook_.is_standby = telemetry_.is_standby();
    if (const auto watermark = pipeline_.plan().watermark()) outlook_.watermark = *watermark;
  }

 private:
  telemetry::OutboxTelemetry& telemetry_;
  core::Routing routing_;
  relay::AsioClock clock_;
  postgres::PostgresSource source_;
  std::unique_ptr<kafka::KafkaSink> sink_;
  relay::Pipeline pipeline_;
  postgres::Outlook outlook_;
  postgres::Sampler sampler_;
  std::optional<postgres::Retention> retention_;
};

}  // namespace

std::unique_ptr<relay::Assembly> assemble_outbox(boost::asio::any_io_executor executor,
                                                 const OutboxSettings& settings,
                                                 telemetry::OutboxTelemetry& telemetry, telemetry::Log& log,
                                                 ReplayRequested replay_requested) {
  return std::make_unique<OutboxAssembly>(executor, settings, telemetry, log, std::move(replay_requested));
}

}  // namespace outbox_relay::cli
