#include "relay/asio_clock.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace outbox_relay::relay {

namespace {

class TimerAlarm : public Alarm {
 public:
  explicit TimerAlarm(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  awaitable<void> wait_until(TimePoint moment) override {
    if (!has_rung_) {
      timer_.expires_at(moment);
      boost::system::error_code ignored;  // cancelled by `ring`
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    }
    has_rung_ = false;
  }

  void ring() override {
    has_rung_ = true;
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  bool has_rung_ = false;
};

}  // namespace

std::unique_ptr<Alarm> AsioClock::make_alarm() {
  return std::make_unique<TimerAlarm>(executor_);
}

}  // namespace outbox_relay::relay
