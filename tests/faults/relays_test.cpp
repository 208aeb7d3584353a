// Two relays on one outbox: one works, the other one goes on when it must.
#include "scenarios.h"
#include "support/catch.h"
#include "support/pgbouncer.h"

namespace outbox_relay::testing {
namespace {

const std::string lease = "    coordination: lease\n";

/// The leader fails, another relay leads.
void replace_leader(Rig& rig, const std::function<void()>& fault) {
  const std::string fault_at = rig.database_time();
  fault();
  rig.look_at_leader();
  rig.await_progress();
  rig.note_takeover(fault_at);
}

/// It finds that another one leads, and does nothing more.
void check_stands_by(Rig& rig, const RelayProgram& relay) {
  const auto of = [&](const char* family) { return relay.metric_of("orders", family); };
  rig.expect(eventually([&] { return relay.metric_of("orders", "state", ",state=\"standby\"") == 1; }),
             "the relay that stood still does not stand by");
  const double published = of("records_published_total");
  const double completed = of("rows_completed_total");
  rig.await_progress(1000);
  rig.expect(of("records_published_total") == published, "a relay that stands by publishes");
  rig.expect(of("rows_completed_total") == completed, "a relay that stands by completes");
}

Report lead_in_turns(Rig& rig) {
  rig.start_relay();
  rig.begin();
  replace_leader(rig, [&] { rig.kill_relay(); });
  rig.start_relay();
  rig.look_at_leader();
  replace_leader(rig, [&] { rig.expect(rig.stop_relay() == 0, "the leader's stop was no drained one"); });
  rig.start_relay();
  rig.look_at_leader();
  const RelayProgram& first = rig.relay();
  replace_leader(rig, [&] { rig.pause_relay(); });
  rig.resume_relays();
  check_stands_by(rig, first);
  return rig.conclude();
}

}  // namespace

Report leaders_in_turns(const Conditions& conditions) {
  Rig rig{{.scenario = "leaders-in-turns", .conditions = conditions}};
  return lead_in_turns(rig);
}

Report leaders_in_turns_by_lease(const Conditions& conditions) {
  Rig rig{{.scenario = "leaders-in-turns-by-lease", .conditions = conditions, .outbox_options = lease}};
  return lead_in_turns(rig);
}

Report leaders_in_turns_behind_a_pooler(const Conditions& conditions) {
  const PgBouncer pooler{shared_world().postgres, {}, "outbox_relay"};
  const std::string to_pooler = pooler.connection_string("");
  Rig rig{{.scenario = "leaders-in-turns-behind-a-pooler",
           .conditions = conditions,
           .outbox_options = lease,
           .postgres_hosts = to_pooler.substr(0, to_pooler.find(" user="))}};
  return lead_in_turns(rig);
}

TEST_CASE("of two relays the leader is killed, stopped, stands still; the other one goes on", "[relays]") {
  check_promises(leaders_in_turns());
}

TEST_CASE("the same with a lease", "[relays]") {
  check_promises(leaders_in_turns_by_lease());
}

TEST_CASE("the same behind a transaction pooler", "[relays]") {
  check_promises(leaders_in_turns_behind_a_pooler());
}

}  // namespace outbox_relay::testing
