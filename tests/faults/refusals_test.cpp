// Rows that Kafka, or the configuration, never takes: parked, mended and requeued, discarded, dead letters.
#include <algorithm>

#include "scenarios.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

using Flaw = Workload::Flaw;

Rig::Setup setup_of(const std::string& scenario, const Conditions& conditions) {
  return {.scenario = scenario,
          .conditions = conditions,
          .workload = {.large_payload_bytes = 50'000},
          .topic_config = {{"max.message.bytes", "100000"}},
          .allows_no_other_topic = true};
}

/// Ten of different keys, among the writers' rows. Returns their message ids.
std::vector<std::string> insert_flawed_rows(Rig& rig) {
  std::vector<std::string> ids;
  const auto insert = [&](const std::string& key, Flaw flaw) {
    ids.push_back(rig.workload().insert(key, flaw).front());
    rig.let_run(rig.dice().between(milliseconds{0}, milliseconds{100}));
  };
  int key = rig.dice().between(1, 32);
  for (int count = 0; count < 4; ++count) {
    insert(Workload::key(key++), Flaw::too_large);
    insert(Workload::key(key++), Flaw::headers_are_no_object);
  }
  insert("canary-not-allowed", Flaw::topic_not_allowed);
  insert("canary-invalid", Flaw::topic_invalid);
  return ids;
}

int parked(const Rig& rig) {
  return std::stoi(rig.value("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL"));
}

void await_parked(Rig& rig, const std::vector<std::string>& ids) {
  rig.expect(eventually([&] {
               return std::ranges::all_of(ids, [&](const std::string& id) {
                 return rig.value("SELECT parked_at IS NOT NULL FROM outbox WHERE message_id = '" + id +
                                  '\'') == "t";
               });
             }),
             "a row that Kafka refuses is not parked");
}

void release(Rig& rig, const std::string& action, const std::string& message_id) {
  const std::string id = rig.value("SELECT id FROM outbox WHERE message_id = '" + message_id + '\'');
  rig.command({"parked", action}, {"--id", id});
}

void mend_and_requeue(Rig& rig, const std::string& message_id) {
  rig.execute(Workload::mending_sql(message_id));
  release(rig, "requeue", message_id);
}

/// While rows flow, those with a flaw change nothing for other keys.
void check_others_flow(Rig& rig) {
  rig.workload().pause();
  rig.expect(eventually([&] { return rig.pending() == 0; }), "rows of other keys wait for a parked row");
  rig.expect(parked(rig) > 0, "nothing is parked");
  rig.workload().resume();
}

}  // namespace

/// Operators mend some and requeue them, requeue one as it is, discard others, and leave the rest alone.
Report flawed_rows_parked(const Conditions& conditions) {
  Rig rig{setup_of("flawed-rows-parked", conditions)};
  rig.begin();
  const auto ids = insert_flawed_rows(rig);
  await_parked(rig, ids);
  check_others_flow(rig);
  for (std::size_t row = 0; row + 2 < ids.size(); ++row) {
    if (row == ids.size() / 2) {
      rig.kill_relay();
      rig.start_relay();
    }
    if (row == 0) release(rig, "requeue", ids[row]);
    if (row % 3 == 0) continue;
    if (row % 3 == 1) {
      mend_and_requeue(rig, ids[row]);
    } else {
      rig.discarded(ids[row]);
      release(rig, "discard", ids[row]);
    }
  }
  rig.await_progress();
  return rig.conclude();
}

Report flawed_rows_as_dead_letters(const Conditions& conditions) {
  auto setup = setup_of("flawed-rows-as-dead-letters", conditions);
  setup.has_dead_letters = true;
  Rig rig{setup};
  rig.begin();
  insert_flawed_rows(rig);
  rig.kill_relay();
  rig.start_relay();
  insert_flawed_rows(rig);
  rig.await_progress();
  return rig.conclude();
}

Report many_held_behind_one(const Conditions& conditions) {
  constexpr int rows = 2000;
  Rig rig{setup_of("many-held-behind-one", conditions)};
  rig.begin();
  const std::string key = "canary-alone";
  const auto flawed = rig.workload().insert(key, Flaw::too_large);
  await_parked(rig, flawed);
  rig.workload().insert(key, Flaw::none, rows);
  rig.expect(eventually([&] { return parked(rig) == rows + 1; }), "not all rows of the key are held");
  check_others_flow(rig);
  mend_and_requeue(rig, flawed.front());
  rig.expect(eventually([&] { return parked(rig) == 0; }), "rows are held behind one that is requeued");
  return rig.conclude();
}

/// The broker stumbles over one record, whatever it comes with, and does not say why.
Report refused_without_reason(const Conditions& conditions) {
  RefusingWorld world;
  Rig rig{{.scenario = "refused-without-reason",
           .world = &world,
           .conditions = conditions,
           .kafka_properties = "    compression.type: none\n"}};
  rig.begin();
  const std::string key = "canary-stumbling-block";
  world.refusals.refuse_produce_with(key, RefusingWorld::unknown_server_error);
  const auto refused = rig.workload().insert(key, Flaw::none);
  await_parked(rig, refused);
  check_others_flow(rig);
  world.refusals.refuse_produce_with("", RefusingWorld::unknown_server_error);
  release(rig, "requeue", refused.front());
  rig.await_progress();
  return rig.conclude();
}

TEST_CASE("rows that Kafka refuses are parked, mended, discarded, while all else flows", "[refusals]") {
  const Report report = flawed_rows_parked();
  check_promises(report);
  CHECK(report.verdict.counts.parked >= 5);
}

TEST_CASE("rows that Kafka refuses become dead letters, and hold up nobody", "[refusals]") {
  const Report report = flawed_rows_as_dead_letters();
  check_promises(report);
  CHECK(report.verdict.counts.dead_letters == 20);
  CHECK(report.verdict.counts.parked == 0);
}

TEST_CASE("a row that the broker refuses without a reason is parked in the end, and holds up nobody",
          "[refusals]") {
  const Report report = refused_without_reason();
  check_promises(report);
  CHECK(report.verdict.counts.parked == 0);
}

TEST_CASE("two thousand rows wait behind a parked one of their key, and follow it in order", "[refusals]") {
  const Report report = many_held_behind_one();
  check_promises(report);
  CHECK(report.verdict.counts.parked == 0);
}

}  // namespace outbox_relay::testing
