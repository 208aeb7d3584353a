#include "idle.h"

#include <thread>

#include "processes.h"
#include "running.h"

namespace outbox_relay::bench {
namespace {

constexpr std::chrono::milliseconds poll_interval{500};
constexpr const char* polls_by_timer = "outbox_relay_polls_total{cause=\"timer\",outbox=\"orders\"}";
/// The start is over, and the polls have slowed down.
constexpr std::chrono::seconds until_idle{5};

struct Sample {
  Sample(const Lab& lab, const Running& running)
      : at(std::chrono::steady_clock::now()),
        cpu(cpu_seconds(running.process().id())),
        fetches(running.relay().metric(polls_by_timer).value()),
        queries(lab.databases.queries()),
        wal_bytes(lab.databases.log_bytes()) {}

  std::chrono::steady_clock::time_point at;
  double cpu;
  double fetches;
  double queries;
  double wal_bytes;
};

}  // namespace

Measures run_idle(Lab& lab, std::chrono::seconds duration) {
  const Databases::Copy copy{lab.databases, Backlog{}};
  const Topic topic{lab.broker};
  Running running{Contender::relay,
                  {.connection = copy.connection(),
                   .bootstrap = lab.broker.bootstrap(),
                   .topic = topic.name(),
                   .relay_options = {}}};
  running.await_lead();
  std::this_thread::sleep_for(until_idle);
  lab.databases.forget_queries();
  const Sample before{lab, running};
  std::this_thread::sleep_for(duration);
  const Sample after{lab, running};
  running.finish();
  const double seconds = std::chrono::duration<double>(after.at - before.at).count();
  const double intervals = seconds / std::chrono::duration<double>(poll_interval).count();
  return {{"fetches_per_interval", (after.fetches - before.fetches) / intervals},
          {"queries_per_interval", (after.queries - before.queries) / intervals},
          {"cpu_percent", (after.cpu - before.cpu) / seconds * 100},
          {"wal_bytes_per_second", (after.wal_bytes - before.wal_bytes) / seconds}};
}

}  // namespace outbox_relay::bench
