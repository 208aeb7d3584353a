#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <random>

#include "relay/ports.h"

namespace outbox_relay::relay {

/// Time and chance as they are. Lives on its executor's thread.
class AsioClock : public Clock {
 public:
  explicit AsioClock(boost::asio::any_io_executor executor)
      : executor_(std::move(executor)), generator_(std::random_device{}()) {}

  [[nodiscard]] TimePoint now() const override { return std::chrono::steady_clock::now(); }
  double random() override { return std::uniform_real_distribution<double>{}(generator_); }
  [[nodiscard]] std::unique_ptr<Alarm> make_alarm() override;

 private:
  boost::asio::any_io_executor executor_;
  std::mt19937_64 generator_;
};

}  // namespace outbox_relay::relay
