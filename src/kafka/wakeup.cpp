#include "kafka/wakeup.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace outbox_relay::kafka {
namespace {

int make_eventfd() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
  return fd;
}

}  // namespace

Wakeup::Wakeup(const boost::asio::any_io_executor& executor) : descriptor_(executor, make_eventfd()) {}

void Wakeup::signal() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd(), &one, sizeof one);
  // A counter that is full wakes just as well.
  assert(written == sizeof one || errno == EAGAIN);
}

void Wakeup::clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(fd(), &count, sizeof count);
  assert(got == sizeof count || errno == EAGAIN);
}

boost::asio::awaitable<void> Wakeup::wait() {
  co_await descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  boost::asio::use_awaitable);
}

}  // namespace outbox_relay::kafka
