// The networks between the relay and its servers.
#include "scenarios.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

using Direction = TcpProxy::Direction;

/// Nothing passes, and nobody is told, for longer than the relay's deadlines; then all that was sent arrives
/// late.
Report lose_sight(Rig& rig, TcpProxy& network) {
  rig.begin();
  network.set({.is_stalled = true});
  rig.let_run(fault_time());
  rig.expect(eventually([&] { return rig.relay().get("/readyz").status == 503; }),
             "ready without its server");
  rig.expect(rig.relay().get("/livez").status == 200, "not alive although only a server is away");
  network.mend();
  rig.await_progress();
  return rig.conclude();
}

/// Requests arrive and are carried out, a COMMIT among them; the answers never come.
Report lose_answers(Rig& rig, TcpProxy& network) {
  rig.begin();
  rig.keep_on([&] {
    rig.let_run(rig.dice().between(milliseconds{50}, milliseconds{400}));
    network.set(rig.dice().chance(0.8) ? Direction::to_client : Direction::to_server, {.is_stalled = true});
    rig.let_run(rig.dice().between(milliseconds{20}, milliseconds{200}));
    network.cut();
    network.mend();
  });
  return rig.conclude();
}

}  // namespace

Report database_out_of_sight(const Conditions& conditions) {
  Rig rig{{.scenario = "database-out-of-sight", .conditions = conditions}};
  return lose_sight(rig, rig.world().to_postgres);
}

Report kafka_out_of_sight(const Conditions& conditions) {
  Rig rig{{.scenario = "kafka-out-of-sight",
           .conditions = conditions,
           .kafka_properties = "    socket.timeout.ms: 3000\n"}};
  return lose_sight(rig, rig.world().to_kafka);
}

Report answers_of_the_database_lost(const Conditions& conditions) {
  Rig rig{{.scenario = "answers-of-the-database-lost", .conditions = conditions}};
  return lose_answers(rig, rig.world().to_postgres);
}

Report answers_of_kafka_lost(const Conditions& conditions) {
  Rig rig{{.scenario = "answers-of-kafka-lost", .conditions = conditions}};
  return lose_answers(rig, rig.world().to_kafka);
}

/// As TCP shows lost packets to those above it: what was sent comes all the same, after one retransmission or
/// several, each twice as late as the one before.
Report packets_lost(const Conditions& conditions) {
  Rig rig{{.scenario = "packets-lost", .conditions = conditions}};
  rig.begin();
  rig.keep_on([&] {
    TcpProxy& network = rig.dice().chance(0.5) ? rig.world().to_postgres : rig.world().to_kafka;
    const auto direction = rig.dice().chance(0.5) ? Direction::to_client : Direction::to_server;
    const int losses = rig.dice().chance(0.7) ? 1 : rig.dice().between(2, 3);
    network.set(direction, {.is_stalled = true});
    rig.let_run(milliseconds{200} * ((1 << losses) - 1));
    network.set(direction, {});
    rig.let_run(rig.dice().between(milliseconds{0}, milliseconds{100}));
  });
  return rig.conclude();
}

Report slow_networks(const Conditions& conditions) {
  Rig rig{{.scenario = "slow-networks", .conditions = conditions}};
  rig.begin();
  for (TcpProxy* const network : {&rig.world().to_postgres, &rig.world().to_kafka}) {
    network->set({.latency = milliseconds{20}, .jitter = milliseconds{60}, .bytes_per_second = 2'000'000});
    rig.let_run(fault_time() / 2);
  }
  rig.await_progress();
  for (TcpProxy* const network : {&rig.world().to_postgres, &rig.world().to_kafka}) network->mend();
  return rig.conclude();
}

TEST_CASE("the database is out of sight, and nobody says so", "[network]") {
  check_nothing_comes_twice(database_out_of_sight());
}

TEST_CASE("Kafka is out of sight, and nobody says so", "[network]") {
  check_promises(kafka_out_of_sight());
}

TEST_CASE("statements are carried out, and their answers lost", "[network]") {
  check_nothing_comes_twice(answers_of_the_database_lost());
}

TEST_CASE("records are appended, and their acks lost", "[network]") {
  check_promises(answers_of_kafka_lost());
}

TEST_CASE("packets are lost on both networks", "[network]") {
  check_nothing_comes_twice(packets_lost());
}

TEST_CASE("both networks are slow, and unsteady", "[network]") {
  check_nothing_comes_twice(slow_networks());
}

}  // namespace outbox_relay::testing
