#include "cli/watchdog.h"

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <string>

#include "support/catch.h"
#include "support/notify_socket.h"
#include "telemetry/observed.h"

using namespace outbox_relay;
using namespace outbox_relay::cli;
using namespace std::chrono_literals;
using outbox_relay::testing::contains;
using outbox_relay::testing::NotifySocket;

namespace {

/// A service whose liveness is said here.
struct Service {
  explicit Service(telemetry::Duration watchdog_timeout = 30ms) : timeout(watchdog_timeout) {}

  telemetry::Duration timeout;
  telemetry::HealthReport liveness{.is_good = true, .text = "ok\n"};
  NotifySocket socket;
  telemetry::SystemdNotifier systemd{socket.name()};
  telemetry::LogFile log_file;
  telemetry::Log log{{.level = telemetry::LogLevel::info,
                      .format = telemetry::LogFormat::logfmt,
                      .descriptor = log_file.descriptor()}};
  boost::asio::io_context io;
  int looks = 0;
  Watchdog watchdog{io, systemd, log, timeout, [this] {
                      ++looks;
                      return liveness;
                    }};

  void turn(int times) {
    for (const int until = looks + times; looks < until;) io.run_one();
  }
  [[nodiscard]] std::size_t messages() { return socket.messages().size(); }
};

}  // namespace

TEST_CASE("systemd hears at once that the process lives, and again before its patience ends", "[watchdog]") {
  Service service{900ms};
  const auto began = std::chrono::steady_clock::now();
  service.watchdog.start();
  CHECK(service.messages() == 1);
  service.turn(2);
  CHECK(service.messages() == 3);
  const auto passed = std::chrono::steady_clock::now() - began;
  CHECK(passed >= 600ms);  // twice a third
  CHECK(passed < 1800ms);  // and never twice the whole, however busy the machine
  for (const auto& message : service.socket.messages()) CHECK(message == "WATCHDOG=1");
}

TEST_CASE("systemd hears nothing while a pipeline does not turn, and the log says it once", "[watchdog]") {
  Service service;
  service.watchdog.start();
  service.liveness = {.is_good = false,
                      .text = "not ok\n[-] orders relaying: its loop has not turned for 31 s\n"};
  service.turn(3);
  CHECK(service.messages() == 1);
  REQUIRE(service.log_file.lines().size() == 1);
  CHECK_THAT(service.log_file.lines().front(), contains("its loop has not turned for 31 s"));

  SECTION("and hears from it again when it turns") {
    service.liveness = {.is_good = true, .text = "ok\n"};
    service.turn(1);
    CHECK(service.messages() == 2);
  }
}

TEST_CASE("a watchdog that is stopped leaves the loop without work", "[watchdog]") {
  Service service;
  service.watchdog.start();
  service.watchdog.stop();
  service.io.run();
  CHECK(service.looks == 1);
}
