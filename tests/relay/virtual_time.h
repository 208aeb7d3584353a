#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "relay/ports.h"
#include "support/dice.h"

namespace outbox_relay::simulation {

using relay::awaitable;
using testing::Dice;
using TimePoint = std::chrono::steady_clock::time_point;
using std::chrono::microseconds;

/// Virtual time: things happen in the order of their moments, and between two of them the io_context runs
/// dry.
class Timeline {
 public:
  [[nodiscard]] TimePoint now() const { return now_; }
  void at(TimePoint moment, std::function<void()> action) {
    events_.emplace(std::max(moment, now_), std::move(action));
  }
  void in(microseconds delay, std::function<void()> action) { at(now_ + delay, std::move(action)); }

  /// Lets the next thing happen. False when nothing is left to happen.
  bool step() {
    if (events_.empty()) return false;
    auto next = events_.extract(events_.begin());
    now_ = next.key();
    next.mapped()();
    return true;
  }

 private:
  TimePoint now_ = TimePoint{} + std::chrono::hours{1};
  std::multimap<TimePoint, std::function<void()>> events_;
};

/// One coroutine waits here until somebody opens the door.
class Door {
 public:
  explicit Door(boost::asio::io_context& io) : io_(io), timer_(io, TimePoint::max()) {}

  [[nodiscard]] boost::asio::io_context& context() const { return io_; }

  awaitable<void> wait() {
    boost::system::error_code ignored;
    if (!is_open_)
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    is_open_ = false;
  }
  void open() {
    is_open_ = true;
    timer_.cancel();
  }

 private:
  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  bool is_open_ = false;
};

/// A door that opens by itself. Where a process was killed meanwhile, nobody stands behind it any more.
inline std::shared_ptr<Door> make_door_opening_in(microseconds delay, boost::asio::io_context& io,
                                                  Timeline& timeline) {
  auto door = std::make_shared<Door>(io);
  timeline.in(delay, [weak = std::weak_ptr(door)] {
    if (const auto there = weak.lock()) there->open();
  });
  return door;
}

class SimulatedClock : public relay::Clock {
 public:
  SimulatedClock(boost::asio::io_context& io, Timeline& timeline, Dice& dice)
      : io_(io), timeline_(timeline), dice_(dice) {}

  [[nodiscard]] TimePoint now() const override { return timeline_.now(); }
  double random() override { return dice_.fraction(); }
  [[nodiscard]] std::unique_ptr<relay::Alarm> make_alarm() override {
    return std::make_unique<SimulatedAlarm>(io_, timeline_);
  }

 private:
  class SimulatedAlarm : public relay::Alarm {
   public:
    SimulatedAlarm(boost::asio::io_context& io, Timeline& timeline)
        : door_(std::make_shared<Door>(io)), timeline_(timeline) {}

    awaitable<void> wait_until(TimePoint moment) override {
      const auto wait = std::make_shared<bool>(true);
      if (moment != TimePoint::max()) {
        timeline_.at(moment, [wait, door = std::weak_ptr(door_)] {
          if (const auto there = door.lock(); there && *wait) there->open();
        });
      }
      co_await door_->wait();
      *wait = false;
    }
    void ring() override { door_->open(); }

   private:
    std::shared_ptr<Door> door_;
    Timeline& timeline_;
  };

  boost::asio::io_context& io_;
  Timeline& timeline_;
  Dice& dice_;
};

}  // namespace outbox_relay::simulation
