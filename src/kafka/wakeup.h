#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

namespace outbox_relay::kafka {

/// An eventfd through which other threads wake up the pipeline's: librdkafka's, which writes into it by
/// itself, and the housekeeper's.
///
/// A signal stays until `clear`, so none is lost between looking and waiting: clear, then look at everything,
/// then wait.
class Wakeup {
 public:
  explicit Wakeup(const boost::asio::any_io_executor& executor);

  /// To be written by librdkafka; ours, and open as long as this object is.
  [[nodiscard]] int fd() { return descriptor_.native_handle(); }
  /// Any thread.
  void signal();
  void clear();
  /// Returns when there is a signal, at once when there was one already.
  boost::asio::awaitable<void> wait();

 private:
  boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace outbox_relay::kafka
