#include "telemetry/line_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "telemetry/observed.h"

using namespace outbox_relay::telemetry;
using namespace std::chrono_literals;

TEST_CASE("a line begins with its time in UTC and its level", "[log]") {
  StandingTime clock;
  LogFile file;
  const auto logged = [&](LogFormat format) {
    LineLog log({.level = LogLevel::info, .format = format, .descriptor = file.descriptor()}, clock.time());
    log.write(LogLevel::warn, "fetching failed", {{"outbox", "orders"}});
    return file.lines().back();
  };
  CHECK(logged(LogFormat::text) == "2026-11-18T11:06:40.250Z warn  fetching failed outbox=orders");
  CHECK(logged(LogFormat::logfmt) ==
        R"(ts=2026-11-18T11:06:40.250Z level=warn msg="fetching failed" outbox=orders)");
  CHECK(logged(LogFormat::json) ==
        R"({"ts":"2026-11-18T11:06:40.250Z","level":"warn","msg":"fetching failed","outbox":"orders"})");
}

TEST_CASE("without a format, what is no terminal gets logfmt", "[log]") {
  LogFile file;
  LineLog log({.level = LogLevel::info, .format = {}, .descriptor = file.descriptor()});
  log.write(LogLevel::info, "hello");
  CHECK(file.text().starts_with("ts="));
}

TEST_CASE("without a format, a terminal gets text", "[log]") {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(terminal >= 0);
  REQUIRE(grantpt(terminal) == 0);
  REQUIRE(unlockpt(terminal) == 0);
  const int screen = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  REQUIRE(screen >= 0);
  StandingTime clock;
  LineLog log({.level = LogLevel::info, .format = {}, .descriptor = screen}, clock.time());
  log.write(LogLevel::info, "hello");
  std::array<char, 100> shown{};
  const auto size = read(terminal, shown.data(), shown.size());
  CHECK(std::string(shown.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))) ==
        "2026-11-18T11:06:40.250Z info  hello\r\n");
  close(screen);
  close(terminal);
}

TEST_CASE("lines below the level are not written; the level can change at any time", "[log]") {
  LogFile file;
  LineLog log({.level = LogLevel::warn, .format = LogFormat::logfmt, .descriptor = file.descriptor()});
  log.write(LogLevel::info, "one");
  log.write(LogLevel::warn, "two");
  log.set_level(LogLevel::debug);
  log.write(LogLevel::debug, "three");
  log.set_level(LogLevel::error);
  log.write(LogLevel::warn, "four");
  log.write(LogLevel::error, "five");
  CHECK(file.lines().size() == 3);
  CHECK(log.counts().written == std::array<std::uint64_t, 4>{1, 0, 1, 1});
  CHECK(log.counts().suppressed == 0);
}

TEST_CASE("texts are not taken for formats", "[log]") {
  LogFile file;
  LineLog log({.level = LogLevel::info, .format = LogFormat::text, .descriptor = file.descriptor()});
  log.write(LogLevel::info, "{} %v %s {0}", {{"v", "{}%+"}});
  CHECK(file.text().ends_with(" info  {} %v %s {0} v={}%+\n"));
}

TEST_CASE("lines that nothing takes are counted, and nothing else happens", "[log]") {
  SECTION("the descriptor is not open") {
    LineLog log({.level = LogLevel::info, .format = LogFormat::json, .descriptor = -1});
    for (int i = 0; i < 3; ++i) log.write(LogLevel::info, "hello");
    CHECK(log.counts().suppressed == 3);
    CHECK(log.counts().written == std::array<std::uint64_t, 4>{});
  }
  SECTION("its reader has gone") {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    LineLog log({.level = LogLevel::info, .format = {}, .descriptor = ends[1]});
    close(ends[0]);
    for (int i = 0; i < 3; ++i) log.write(LogLevel::info, "hello");
    CHECK(log.counts().suppressed == 3);
    close(ends[1]);
  }
  SECTION("the disk is full") {
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    LineLog log({.level = LogLevel::info, .format = {}, .descriptor = full});
    for (int i = 0; i < 3; ++i) log.write(LogLevel::info, "hello");
    CHECK(log.counts().suppressed == 3);
    close(full);
  }
  SECTION("nobody reads") {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    LineLog log({.level = LogLevel::info, .format = {}, .descriptor = ends[1]});
    for (int i = 0; i < 10'000; ++i)
      log.write(LogLevel::info, "a pipe takes 64 KiB, then its writer would wait");
    const auto counts = log.counts();
    CHECK(counts.suppressed > 0);
    CHECK(counts.suppressed + counts.written[1] == 10'000);
    close(ends[0]);
    close(ends[1]);
  }
}

TEST_CASE("lines of several threads do not mix", "[log]") {
  LogFile file;
  LineLog log({.level = LogLevel::info, .format = LogFormat::json, .descriptor = file.descriptor()});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&log, thread] {
      for (int i = 0; i < 200; ++i)
        log.write(LogLevel::info, std::string(300, 'x'), {{"thread", thread}, {"i", i}});
    });
  }
  log.set_level(LogLevel::debug);
  for (auto& thread : threads) thread.join();
  const auto lines = file.lines();
  REQUIRE(lines.size() == 800);
  for (const auto& line : lines) {
    const auto object = boost::json::parse(line).as_object();
    REQUIRE(object.size() == 5);
  }
  CHECK(log.counts().written[1] == 800);
}
