#pragma once

#include <cstddef>
#include <string_view>

namespace outbox_relay::telemetry {

/// Writes lines to a descriptor and never waits for its reader: what a full pipe, a full disk or a closed
/// terminal does not take is dropped. (Another process that fills the same pipe between our look and our
/// write could make us wait.)
///
/// Not thread-safe; its owner serialises the calls.
class LineWriter {
 public:
  /// Keeps a duplicate of `descriptor`, so that one which is closed and given to a server's socket later
  /// never gets log lines. A descriptor that is not open is not an error: nothing is written then. Makes the
  /// process ignore SIGPIPE.
  explicit LineWriter(int descriptor);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Whether the whole line, its newline included, was taken. A line cut short is ended before the next one.
  bool write(std::string_view line) noexcept;

 private:
  /// Returns how much was taken.
  std::size_t write_without_waiting(std::string_view bytes) noexcept;

  int fd_;
  bool is_line_cut_ = false;
};

}  // namespace outbox_relay::telemetry
