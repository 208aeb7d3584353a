#include "cli/replay_assembly.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "cli/library_log.h"
#include "cli/mapping.h"
#include "kafka/kafka_sink.h"
#include "postgres/replay_source.h"
#include "relay/asio_clock.h"
#include "relay/pipeline.h"
#include "telemetry/replay_probe.h"

namespace outbox_relay::cli {

namespace {

using namespace std::chrono_literals;

/// The header by which consumers tell a replayed record from the first one.
constexpr const char* replay_header = "replay";

core::Routing to_replay_routing(const config::Outbox& outbox, std::int64_t request) {
  core::Routing routing = to_routing(outbox);
  routing.headers.push_back({replay_header, core::Template{{std::to_string(request)}}});
  return routing;
}

// The source has nothing to read while a page is out, so polls cost nothing. A row that Kafka refuses is not
// parked, it is sent already: the source takes note of it, and nothing waits behind it.
core::PlanSettings to_replay_settings(const config::Outbox& outbox) {
  core::PlanSettings settings = to_plan_settings(outbox);
  settings.poll_interval = 20ms;
  settings.poll_interval_min = 5ms;
  settings.wait_for_flush = false;
  settings.refused = core::OnRefusal::park;
  settings.hold_keys = false;
  settings.dead_letter_topic.reset();
  return settings;
}

class ReplayAssembly final : public relay::Assembly {
 public:
  ReplayAssembly(const boost::asio::any_io_executor& executor, const OutboxSettings& settings,
                 std::int64_t request, telemetry::OutboxTelemetry& telemetry, telemetry::Log& log)
      : executor_(executor),
        probe_(telemetry, log, settings.outbox.name, request),
        routing_(to_replay_routing(settings.outbox, request)),
        clock_(executor),
        source_(executor, to_postgres_settings(settings.postgres, settings.outbox), routing_.columns, request,
                clock_, events(log, settings.outbox.name)),
        sink_(std::make_unique<kafka::KafkaSink>(executor,
                                                 to_producer_settings(settings.kafka, settings.outbox),
                                                 routing_, librdkafka_lines(log, settings.outbox.name))),
        pipeline_(to_replay_settings(settings.outbox), routing_, source_, *sink_, clock_, probe_) {}

  // librdkafka reads rows in place until it is gone, and the pipeline's window holds them.
  ~ReplayAssembly() override { sink_.reset(); }

  relay::Pipeline& pipeline() override { return pipeline_; }
  void beat() override {}

 private:
  // The source says so in the middle of what the pipeline does.
  postgres::ReplaySource::Events events(telemetry::Log& log, const std::string& outbox) {
    return {.ended = [this] { boost::asio::post(executor_, [this] { pipeline_.stop(); }); },
            .notice = postgresql_lines(log, outbox)};
  }

  boost::asio::any_io_executor executor_;
  telemetry::ReplayProbe probe_;
  core::Routing routing_;
  relay::AsioClock clock_;
  postgres::ReplaySource source_;
  std::unique_ptr<kafka::KafkaSink> sink_;
  relay::Pipeline pipeline_;
};

}  // namespace

std::unique_ptr<relay::Assembly> assemble_replay(const boost::asio::any_io_executor& executor,
                                                 const OutboxSettings& settings, std::int64_t request,
                                                 telemetry::OutboxTelemetry& telemetry, telemetry::Log& log) {
  return std::make_unique<ReplayAssembly>(executor, settings, request, telemetry, log);
}

}  // namespace outbox_relay::cli
