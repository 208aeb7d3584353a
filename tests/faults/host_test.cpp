// The machine that the relay runs on: its clock, its limits, a process that stands still.
#include <unistd.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "scenarios.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

/// Of Debian's package libfaketime.
const std::filesystem::path faketime_library = FAKETIME_LIBRARY;

/// A file that libfaketime reads the time from, again each second.
class Clock {
 public:
  explicit Clock(std::filesystem::path file) : file_{std::move(file)} { show("+0"); }
  ~Clock() { std::filesystem::remove(file_); }
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  /// "-1h", "+5": how the clock differs from the true one.
  void show(const std::string& difference) const {
    std::ofstream{file_.string() + ".new"} << difference << '\n';
    std::filesystem::rename(file_.string() + ".new", file_);
  }
  [[nodiscard]] std::vector<std::string> environment() const {
    return {"LD_PRELOAD=" THREADS_SHIM " " + faketime_library.string(),
            "FAKETIME_TIMESTAMP_FILE=" + file_.string(), "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1"};
  }

 private:
  std::filesystem::path file_;
};

/// What a process believes of names: one host, as long as it is known, and else a name server that takes
/// every question and never answers. Takes root: the files stand in the place of /etc/hosts and
/// /etc/resolv.conf.
class NameService {
 public:
  static constexpr const char* host = "database.test";

  NameService() {
    know();
    std::ofstream{resolver_file_} << "nameserver 127.0.53.53\n";
    if (geteuid() != 0) return;
    boost::system::error_code error;
    silent_.open(boost::asio::ip::udp::v4());
    silent_.bind({boost::asio::ip::make_address_v4("127.0.53.53"), 53}, error);
    is_there_ = !error && run({"unshare", "--mount", "true"}).code == 0;
  }
  ~NameService() {
    std::filesystem::remove(hosts_file_);
    std::filesystem::remove(resolver_file_);
  }
  NameService(const NameService&) = delete;
  NameService& operator=(const NameService&) = delete;

  [[nodiscard]] bool is_there() const { return is_there_; }
  void know() const { std::ofstream{hosts_file_} << "127.0.0.1 localhost " << host << '\n'; }
  void forget() const { std::ofstream{hosts_file_} << "127.0.0.1 localhost\n"; }
  [[nodiscard]] std::vector<std::string> wrapper() const {
    const std::string mounts =
        "mount --bind " + hosts_file_ + " /etc/hosts && mount --bind " + resolver_file_ + " /etc/resolv.conf";
    return {"unshare", "--mount", "sh", "-c", mounts + R"( && exec "$@")", "sh"};
  }

 private:
  static std::string temporary_file(const std::string& name) {
    return std::filesystem::temp_directory_path() / ("outbox-relay-" + name + '-' + std::to_string(getpid()));
  }

  const std::string hosts_file_ = temporary_file("hosts");
  const std::string resolver_file_ = temporary_file("resolver");
  boost::asio::io_context context_;
  boost::asio::ip::udp::socket silent_{context_};
  bool is_there_ = false;
};

}  // namespace

Report paused(const Conditions& conditions) {
  Rig rig{{.scenario = "paused", .conditions = conditions}};
  rig.begin();
  rig.keep_on([&] {
    rig.relay().process().signal(SIGSTOP);
    rig.let_run(rig.dice().between(milliseconds{100}, milliseconds{2500}));
    rig.relay().process().signal(SIGCONT);
    rig.let_run(rig.dice().between(milliseconds{100}, milliseconds{500}));
  });
  return rig.conclude();
}

/// The relay may open nothing more, and then loses what it has.
Report out_of_descriptors(const Conditions& conditions) {
  Rig rig{{.scenario = "out-of-descriptors", .conditions = conditions}};
  rig.begin();
  const auto limit_to = [&](const std::string& descriptors) {
    const auto done = run(
        {"prlimit", "--pid", std::to_string(rig.relay().process().id()), "--nofile=" + descriptors + ":"});
    rig.expect(done.code == 0, "prlimit: " + done.errors);
  };
  limit_to("3");
  rig.world().to_postgres.cut();
  rig.world().to_kafka.cut();
  rig.let_run(fault_time());
  limit_to("1024");
  rig.await_progress();
  return rig.conclude();
}

/// What is written to a closed standard output must not end up in a connection that got its number.
Report without_standard_output(const Conditions& conditions) {
  Rig rig{{.scenario = "without-standard-output",
           .conditions = conditions,
           .wrapper = {"sh", "-c", R"(exec "$@" <&- >&-)", "sh"}}};
  rig.begin();
  rig.let_run(fault_time() / 2);
  return rig.conclude();
}

/// Whoever read the log is gone: each line is an error now.
Report log_unread(const Conditions& conditions) {
  Rig rig{{.scenario = "log-unread",
           .conditions = conditions,
           .wrapper = {"bash", "-c", R"(exec "$@" 2> >(sed --unbuffered /address=/q >&2))", "bash"}}};
  rig.begin();
  const std::string read_before = rig.relay().log();
  for (int times = 0; times < 5; ++times) {
    rig.world().to_postgres.cut();
    rig.await_progress();
  }
  rig.expect(rig.relay().log() == read_before, "somebody still reads the log");
  return rig.conclude();
}

/// Each attempt to connect waits for an answer that does not come, in a call that nothing interrupts.
Report names_unanswered(const Conditions& conditions) {
  const NameService names;
  if (!names.is_there()) {
    WARN("not run: names can only be taken away by root");
    return {};
  }
  Rig rig{{.scenario = "names-unanswered",
           .conditions = conditions,
           .postgres_hosts =
               std::string{"host="} + NameService::host + " port=" + shared_world().to_postgres.port(),
           .wrapper = names.wrapper()}};
  rig.begin();
  names.forget();
  rig.world().to_postgres.cut();
  rig.expect(eventually([&] { return rig.relay().get("/readyz").status == 503; }),
             "ready without its database");
  rig.let_run(fault_time());
  rig.expect(rig.relay().get("/livez").status == 200, "not alive although only a name is unknown");
  names.know();
  rig.await_progress();
  return rig.conclude();
}

/// Everything else on the machine goes first.
Report starved(const Conditions& conditions) {
  Rig rig{{.scenario = "starved", .conditions = conditions, .wrapper = {"nice", "-n", "19"}}};
  rig.begin();
  std::atomic<bool> is_over = false;
  {
    std::vector<std::jthread> others(4 * std::thread::hardware_concurrency());
    for (auto& other : others) {
      other = std::jthread{[&] {
        while (!is_over.load(std::memory_order_relaxed)) continue;
      }};
    }
    rig.let_run(fault_time());
    is_over = true;
  }
  rig.await_progress();
  return rig.conclude();
}

Report clock_stepped(const Conditions& conditions) {
  const Clock clock{std::filesystem::temp_directory_path() /
                    ("outbox-relay-clock-" + std::to_string(getpid()))};
  Conditions with_clock = conditions;
  for (auto& variable : clock.environment()) with_clock.environment.push_back(variable);
  Rig rig{{.scenario = "clock-stepped", .conditions = with_clock}};
  rig.begin();
  for (const char* difference : {"-1h", "+1h", "+0", "-1h"}) {
    clock.show(difference);
    rig.let_run(fault_time() / 4);
    rig.await_progress();
  }
  // Double speed, in steps of a second: the library's own "x2" also stretches the timers of the monotonic
  // clock.
  for (int ahead = 1; ahead <= 3; ++ahead) {
    clock.show('+' + std::to_string(ahead));
    rig.let_run(seconds{1});
  }
  clock.show("+0");
  rig.let_run(seconds{2});  // until the library has read it
  return rig.conclude();
}

TEST_CASE("the process stands still for a while, again and again", "[host]") {
  check_promises(paused());
}

TEST_CASE("no descriptor is left when connections are lost", "[host]") {
  check_promises(out_of_descriptors());
}

TEST_CASE("standard input and output are closed", "[host]") {
  check_nothing_comes_twice(without_standard_output());
}

TEST_CASE("nobody reads the log any more", "[host]") {
  check_nothing_comes_twice(log_unread());
}

TEST_CASE("the name server takes questions and does not answer", "[host]") {
  check_nothing_comes_twice(names_unanswered());
}

TEST_CASE("the processors are busy with everything else", "[host]") {
  check_promises(starved());
}

TEST_CASE("the clock is an hour off, steps forth and back, and runs fast", "[host]") {
  if (!std::filesystem::exists(faketime_library)) {
    WARN("not run: " << faketime_library << " is not installed");
    return;
  }
  check_nothing_comes_twice(clock_stepped());
}

}  // namespace outbox_relay::testing
