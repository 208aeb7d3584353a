// A rebuild while librdkafka's threads are stuck in the resolver.
#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <mutex>
#include <optional>

#include "rig.h"
#include "support/catch.h"

using namespace outbox_relay::kafka::testing;
using namespace std::chrono_literals;
using outbox_relay::core::FailureError;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;

namespace {

/// A name server that does not answer for a while, to whoever asks in this process.
class NameServer {
 public:
  void stop() { set(true); }
  void start() { set(false); }
  [[nodiscard]] bool is_asked() const {
    const std::lock_guard lock{mutex_};
    return asking_ > 0;
  }
  void wait_for_answer() {
    std::unique_lock lock{mutex_};
    ++asking_;
    changed_.wait(lock, [this] { return !is_stopped_; });
    --asking_;
  }

 private:
  void set(bool is_stopped) {
    const std::lock_guard lock{mutex_};
    is_stopped_ = is_stopped;
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopped_ = false;
  int asking_ = 0;
};

NameServer name_server;

/// Nobody is left stuck when a case ends early.
struct Outage {
  Outage() { name_server.stop(); }
  ~Outage() { name_server.start(); }
};

}  // namespace

/// In the place of the C library's, which it asks.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** result) {
  name_server.wait_for_answer();
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}

TEST_CASE("a rebuild waits for the records of a thread that is stuck in the resolver", "[rebuild]") {
  Rig rig{{{"broker.address.ttl", "0"}, {"debug", "msg"}}};
  rig.cluster.delay_answers(30s);
  rig.harness.publish({.message_id = "kept"});
  REQUIRE(rig.harness.until([&] { return rig.harness.lines_with("Produce MessageSet with") > 0; }));
  std::optional<Outage> outage{std::in_place};
  rig.cluster.go_away();
  REQUIRE(rig.harness.until([] { return name_server.is_asked(); }));

  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      rig.harness.rebuild(0ms);
      FAIL("rebuilt");
    } catch (const FailureError& error) {
      CHECK(error.failure().remedy == Remedy::retry);
      CHECK(error.failure().message ==
            "kafka: librdkafka has not let go of 1 records yet, and no new producer is made before");
    }
    CHECK_FALSE(rig.harness.has_report("kept"));
  }

  outage.reset();
  rig.cluster.delay_answers(0s);
  rig.cluster.come_back();
  rig.harness.rebuild();
  CHECK(rig.harness.failed(Reason::producer, Remedy::rebuild) == 1);
  rig.harness.open_topic("topic");
  rig.harness.publish_again("kept");
  REQUIRE(rig.harness.until_reported());
  CHECK(rig.harness.acknowledged() == 1);
}
