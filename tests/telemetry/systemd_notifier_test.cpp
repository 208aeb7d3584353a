#include "telemetry/systemd_notifier.h"

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "support/catch.h"
#include "support/notify_socket.h"

using namespace outbox_relay::telemetry;
using namespace std::chrono_literals;
using outbox_relay::testing::NotifySocket;

namespace {

constexpr pid_t us = 4711;

SystemdSettings settings_from(const std::map<std::string, std::string>& environment) {
  return read_systemd_settings(
      [&environment](const char* name) {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second.c_str();
      },
      us);
}

std::optional<Duration> timeout_from(std::map<std::string, std::string> environment) {
  environment["NOTIFY_SOCKET"] = "/run/systemd/notify";
  return settings_from(environment).watchdog_timeout;
}

}  // namespace

TEST_CASE("systemd hears a message on a socket of the file system and on an abstract one", "[systemd]") {
  NotifySocket socket(GENERATE(NotifySocket::Kind::path, NotifySocket::Kind::abstract));
  const SystemdNotifier systemd(socket.name());
  CHECK(systemd.is_wanted());
  CHECK_FALSE(systemd.notify("READY=1"));
  CHECK_FALSE(systemd.notify("STOPPING=1\nEXTEND_TIMEOUT_USEC=20000000"));
  CHECK(socket.messages() == std::vector<std::string>{"READY=1", "STOPPING=1\nEXTEND_TIMEOUT_USEC=20000000"});
}

TEST_CASE("a process that is no service of systemd tells nobody, and that is no failure", "[systemd]") {
  const SystemdNotifier systemd("");
  CHECK_FALSE(systemd.is_wanted());
  CHECK_FALSE(systemd.notify("READY=1"));
}

TEST_CASE("a socket that is not there, or none at all, is said", "[systemd]") {
  CHECK(SystemdNotifier("/nowhere/notify").notify("READY=1") == "/nowhere/notify: No such file or directory");
  CHECK(SystemdNotifier("@outbox-relay-nobody-listens").notify("READY=1") ==
        "@outbox-relay-nobody-listens: Connection refused");
  const std::string not_ours = GENERATE(std::string("vsock:2:1"), "/" + std::string(200, 'x'));
  CHECK(SystemdNotifier(not_ours).notify("READY=1") ==
        "`" + not_ours + "` is no socket of the file system and no abstract one");
}

TEST_CASE("a supervisor that does not read makes nobody wait", "[systemd]") {
  NotifySocket socket;
  const SystemdNotifier systemd(socket.name());
  int delivered = 0;
  while (delivered < 100'000 && !systemd.notify("WATCHDOG=1")) ++delivered;
  CHECK(delivered < 100'000);
  CHECK(socket.messages().size() == static_cast<std::size_t>(delivered));
  CHECK_FALSE(systemd.notify("WATCHDOG=1"));
}

TEST_CASE("the socket and the watchdog come from the environment", "[systemd]") {
  CHECK(settings_from({}).socket.empty());
  CHECK(settings_from({{"NOTIFY_SOCKET", "@n"}}).socket == "@n");
  CHECK(timeout_from({}) == std::nullopt);
  CHECK(timeout_from({{"WATCHDOG_USEC", "60000000"}}) == 60s);
  CHECK(timeout_from({{"WATCHDOG_USEC", "60000000"}, {"WATCHDOG_PID", "4711"}}) == 60s);
}

TEST_CASE("a watchdog of another process, or of nobody, is not ours", "[systemd]") {
  CHECK(timeout_from({{"WATCHDOG_USEC", "60000000"}, {"WATCHDOG_PID", "4712"}}) == std::nullopt);
  CHECK(timeout_from({{"WATCHDOG_USEC", "60000000"}, {"WATCHDOG_PID", ""}}) == std::nullopt);
  CHECK(settings_from({{"WATCHDOG_USEC", "60000000"}}).watchdog_timeout == std::nullopt);
}

TEST_CASE("a watchdog's time that is no number is none, and a huge one is a day", "[systemd]") {
  const std::string wrong = GENERATE("0", "-1", "", "60s", "99999999999999999999");
  CHECK(timeout_from({{"WATCHDOG_USEC", wrong}}) == std::nullopt);
  CHECK(timeout_from({{"WATCHDOG_USEC", "9223372036854775807"}}) == 24h);
}
