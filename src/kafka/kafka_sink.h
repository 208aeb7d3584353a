#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/routing.h"
#include "kafka/log.h"
#include "kafka/properties.h"
#include "relay/ports.h"

namespace outbox_relay::kafka {

/// The two things that a sink takes from nowhere else, so that tests can fix them.
struct TimeAndChance {
  std::function<std::chrono::system_clock::time_point()> wall;
  std::function<double()> random;  ///< uniform in [0, 1)

  [[nodiscard]] static TimeAndChance of_the_system();
};

/// Kafka through librdkafka: the implementation of `relay::Sink`. What the port calls the producer is one or
/// several, by the sizes of the topics' batches; see `Producers`.
///
/// None of our code runs in librdkafka's threads. They put what happens into a queue and write into an
/// eventfd; the pipeline's thread reads the queue to its end. One thread of the sink's own makes the calls
/// that block.
///
/// Rows handed over and not reported yet are read by librdkafka where they lie: they must outlive this
/// object, which lets go of them before its destructor returns. The destructor blocks as long as
/// `Housekeeper` says.
class KafkaSink final : public relay::Sink {
 public:
  /// `routing` must outlive it. Throws `core::FailureError` when librdkafka refuses the settings.
  KafkaSink(boost::asio::any_io_executor executor, const ProducerSettings& settings,
            const core::Routing& routing, LogCallback log,
            TimeAndChance time_and_chance = TimeAndChance::of_the_system());
  ~KafkaSink() override;

  /// `refused` is about this row alone. What is about its topic or the producer comes with the next events,
  /// and the row is not taken: `full`.
  relay::Publication publish(core::InFlight& in_flight) override;
  void look_up(core::TopicId topic, const std::string& name) override;
  [[nodiscard]] std::int32_t partition_of(const core::Value& key, std::int32_t partitions) override;
  relay::awaitable<void> next_events(relay::SinkEvents& events) override;
  void interrupt() override;
  /// Not while a `next_events` is pending. Throws `core::FailureError` when no new producer can be made; it
  /// may be called again then.
  relay::awaitable<std::vector<relay::DeliveryReport>> rebuild(std::chrono::milliseconds patience) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace outbox_relay::kafka
