#include "telemetry/line_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "support/catch.h"

using namespace outbox_relay::telemetry;

namespace {

/// A pipe with room for two pages of memory.
struct SmallPipe {
  SmallPipe() {
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    REQUIRE(fcntl(writer(), F_SETPIPE_SZ, 8192) == 8192);
  }
  ~SmallPipe() {
    if (ends[0] >= 0) close(ends[0]);
    close(ends[1]);
  }
  [[nodiscard]] int writer() const { return ends[1]; }
  void close_reader() { close(std::exchange(ends[0], -1)); }
  /// Call when there is something to read.
  [[nodiscard]] std::string read_some() const {
    std::string text(100'000, '\0');
    const auto size = read(ends[0], text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }

  std::array<int, 2> ends{};
};

}  // namespace

TEST_CASE("a line is written whole", "[line_writer]") {
  SmallPipe pipe;
  LineWriter writer(pipe.writer());
  CHECK(writer.write("hello\n"));
  CHECK(pipe.read_some() == "hello\n");
}

TEST_CASE("a pipe whose reader has gone takes nothing, and the process lives on", "[line_writer]") {
  SmallPipe pipe;
  LineWriter writer(pipe.writer());
  pipe.close_reader();
  CHECK_FALSE(writer.write("hello\n"));
  CHECK_FALSE(writer.write("hello\n"));
}

TEST_CASE("a full pipe does not block, and works again when it is read", "[line_writer]") {
  SmallPipe pipe;
  LineWriter writer(pipe.writer());
  const std::string line = std::string(99, 'x') + "\n";
  std::string written;
  while (writer.write(line)) written += line;
  CHECK(written.size() > 4000);
  CHECK(pipe.read_some() == written);
  CHECK(writer.write(line));
}

TEST_CASE("a line that is cut short by a full pipe does not swallow the next one", "[line_writer]") {
  SmallPipe pipe;
  LineWriter writer(pipe.writer());
  CHECK_FALSE(writer.write(std::string(10'000, 'x') + "\n"));
  CHECK(pipe.read_some() == std::string(8192, 'x'));
  CHECK(writer.write("hello\n"));
  CHECK(pipe.read_some() == "\nhello\n");
  CHECK(writer.write("and on\n"));
  CHECK(pipe.read_some() == "and on\n");
}

TEST_CASE("a full disk takes nothing", "[line_writer]") {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  LineWriter writer(full);
  close(full);
  CHECK_FALSE(writer.write("hello\n"));
}

TEST_CASE("a descriptor that is not open takes nothing", "[line_writer]") {
  LineWriter writer(-1);
  CHECK_FALSE(writer.write("hello\n"));
}

TEST_CASE("a descriptor that is closed later and used for something else gets no lines", "[line_writer]") {
  SmallPipe log;
  LineWriter writer(log.writer());
  SmallPipe other;
  REQUIRE(dup2(other.writer(), log.writer()) == log.writer());  // as if the number had been handed out again
  CHECK(writer.write("hello\n"));
  CHECK(log.read_some() == "hello\n");
  REQUIRE(write(other.writer(), "theirs", 6) == 6);
  CHECK(other.read_some() == "theirs");
}
