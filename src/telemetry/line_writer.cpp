#include "telemetry/line_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

namespace outbox_relay::telemetry {

LineWriter::LineWriter(int descriptor) : fd_(fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) {
  // The reader of our log may go away at any time; that must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
}

LineWriter::~LineWriter() {
  if (fd_ >= 0) close(fd_);
}

bool LineWriter::write(std::string_view line) noexcept {
  if (is_line_cut_ && write_without_waiting("\n") == 0) return false;
  const auto taken = write_without_waiting(line);
  is_line_cut_ = taken > 0 && taken < line.size();
  return taken == line.size();
}

std::size_t LineWriter::write_without_waiting(std::string_view bytes) noexcept {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, 0) != 1) break;
    // A writable pipe takes PIPE_BUF bytes without making the writer wait (pipe(7)).
    const auto part = bytes.substr(taken, std::min<std::size_t>(bytes.size() - taken, PIPE_BUF));
    const auto written = ::write(fd_, part.data(), part.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    taken += static_cast<std::size_t>(written);
  }
  return taken;
}

}  // namespace outbox_relay::telemetry
