// The relay's own ends: killed, or asked to stop.
#include "scenarios.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

Report kill_again_and_again(Rig& rig) {
  rig.begin();
  rig.keep_on([&] {
    rig.let_run(rig.dice().between(milliseconds{20}, milliseconds{700}));
    rig.kill_relay();
    rig.start_relay();
  });
  return rig.conclude();
}

}  // namespace

Report killed_at_random(const Conditions& conditions) {
  Rig rig{{.scenario = "killed-at-random", .conditions = conditions}};
  return kill_again_and_again(rig);
}

Report killed_while_deleting(const Conditions& conditions) {
  Rig rig{{.scenario = "killed-while-deleting",
           .conditions = conditions,
           .outbox_options = "    completion: delete\n"}};
  rig.rows_may_be_gone();
  return kill_again_and_again(rig);
}

Report stopped_under_load(const Conditions& conditions) {
  Rig rig{{.scenario = "stopped-under-load", .conditions = conditions}};
  rig.begin();
  rig.keep_on([&] {
    rig.await_progress();
    rig.expect(rig.stop_relay() == 0, "a stop while both servers are well was no drained one");
    rig.start_relay();
  });
  return rig.conclude();
}

Report stopped_in_an_outage(const Conditions& conditions) {
  Rig rig{{.scenario = "stopped-in-an-outage", .conditions = conditions}};
  rig.begin();
  for (TcpProxy* const network : {&rig.world().to_kafka, &rig.world().to_postgres}) {
    network->set({.is_stalled = true});
    rig.let_run(milliseconds{500});
    const int code = rig.stop_relay(milliseconds{500});
    rig.expect(code == 1 || code == 0,
               "a stop in an outage, asked for twice, ended with " + std::to_string(code));
    network->mend();
    rig.start_relay();
    rig.await_progress();
  }
  return rig.conclude();
}

TEST_CASE("killed at random, again and again", "[crash]") {
  check_promises(killed_at_random());
}

TEST_CASE("killed at random, while rows are deleted instead of marked", "[crash]") {
  check_promises(killed_while_deleting());
}

TEST_CASE("stopped under load, again and again: nothing comes twice", "[crash]") {
  check_nothing_comes_twice(stopped_under_load());
}

TEST_CASE("stopped, and stopped at once, while a server is away", "[crash]") {
  check_promises(stopped_in_an_outage());
}

}  // namespace outbox_relay::testing
