// kill -9 at each named point of a row's journey (src/core/failpoint.h).
#include "scenarios.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

/// What a relay has to meet to come by.
enum class Trouble : std::uint8_t { none, refused_row, refused_request };

struct Point {
  const char* name;
  int most_passes;  ///< the relay dies there at one of the first so many
  Trouble trouble = Trouble::none;
};

const Point points[] = {
    {"opened", 1},
    {"fetched", 30},
    {"published", 2000},
    {"acknowledged", 2000},
    {"completing", 30},
    {"completed", 30},
    // Not a row that is published alone: it would be parked for the refusal.
    {"rebuilding", 1, Trouble::refused_request},
    {"parking", 1, Trouble::refused_row},
    {"parked", 1, Trouble::refused_row},
    {"watermark_saved", 2},
};

}  // namespace

/// Each life but the last one ends at its point, and the next one has to go on from there.
Report killed_at_each_point(const Conditions& conditions) {
  RefusingWorld world;
  Rig rig{{.scenario = "killed-at-each-point",
           .world = &world,
           .conditions = conditions,
           .workload = {.large_payload_bytes = 50'000},
           .topic_config = {{"max.message.bytes", "100000"}}}};
  rig.begin();
  rig.stop_relay();
  for (const Point& point : points) {
    if (point.trouble == Trouble::refused_row)
      rig.workload().insert(Workload::key(rig.dice().between(1, 40)), Workload::Flaw::too_large);
    if (point.trouble == Trouble::refused_request)
      world.refusals.refuse_next_produce(RefusingWorld::invalid_record, 2);
    const auto pass = std::to_string(rig.dice().between(1, point.most_passes));
    rig.start_relay(
        {.environment = {std::string{"OUTBOX_RELAY_FAILPOINTS="} + point.name + "=kill@" + pass}});
    rig.await_crash();
  }
  rig.start_relay();
  rig.await_progress();
  return rig.conclude();
}

TEST_CASE("killed at each point of a row's journey, another relay goes on from there", "[failpoints]") {
  check_promises(killed_at_each_point());
}

}  // namespace outbox_relay::testing
