// Kafka's brokers and topics.
#include "scenarios.h"
#include "support/catch.h"
#include "support/kafka_admin.h"
#include "verifier.h"

namespace outbox_relay::testing {
namespace {

/// Node 1 is the controller; the others can be lost. A record is acknowledged when two replicas have it.
World& replicated_world() {
  static World world{{.brokers = 3,
                      .kafka_settings = {"min.insync.replicas=2", "broker.session.timeout.ms=1500",
                                         "broker.heartbeat.interval.ms=300"}}};
  return world;
}

}  // namespace

Report broker_killed(const Conditions& conditions) {
  World world;
  Rig rig{{.scenario = "broker-killed", .world = &world, .conditions = conditions}};
  rig.begin();
  for (int times = 0; times < 2; ++times) {
    world.kafka.kill();
    rig.let_run(rig.dice().between(milliseconds{0}, fault_time() / 2));
    world.kafka.start();
    rig.await_progress();
  }
  return rig.conclude();
}

Report replicas_lost(const Conditions& conditions) {
  World& world = replicated_world();
  Rig rig{{.scenario = "replicas-lost", .world = &world, .conditions = conditions}};
  rig.begin();
  world.kafka.kill(2);
  rig.await_progress();
  world.kafka.kill(3);  // too few replicas now
  rig.let_run(fault_time());
  rig.expect(eventually([&] { return rig.relay().get("/readyz").status == 503; }),
             "ready with too few replicas");
  world.kafka.start();
  rig.await_progress();
  return rig.conclude();
}

Report leaders_moved(const Conditions& conditions) {
  World& world = replicated_world();
  Rig rig{{.scenario = "leaders-moved", .world = &world, .conditions = conditions}};
  rig.begin();
  for (const int node : {2, 3}) {
    world.kafka.stop(node);  // in good order: its partitions get other leaders first
    rig.await_progress();
    world.kafka.start();
    rig.await_progress();
  }
  return rig.conclude();
}

/// Nobody else has the partitions of the broker that is lost. Their rows fill the window, and must not stay
/// in it: the others' need the room.
Report partitions_without_leader(const Conditions& conditions) {
  World world{{.brokers = 3,
               .kafka_settings = {"default.replication.factor=1", "min.insync.replicas=1",
                                  "broker.session.timeout.ms=1500", "broker.heartbeat.interval.ms=300"}}};
  Rig rig{{.scenario = "partitions-without-leader", .world = &world, .conditions = conditions}};
  rig.begin();
  world.kafka.kill(3);
  for (int partition = 0, number = 1; partition < 4; ++partition) {
    while (java_partition(Workload::key(number), 4) != partition) ++number;
    rig.workload().insert(Workload::key(number), Workload::Flaw::none, static_cast<int>(Rig::in_flight_rows));
  }
  rig.expect(eventually([&] { return rig.metric("held_topics") == 1 && rig.metric("in_flight_rows") < 100; },
                        seconds{60}),
             "rows for a partition without a leader stay in the window");
  world.kafka.start();
  rig.await_progress();
  return rig.conclude();
}

Report topic_created_late(const Conditions& conditions) {
  Rig rig{{.scenario = "topic-created-late", .conditions = conditions, .has_topic = false}};
  rig.begin();
  rig.let_run(fault_time() / 2);
  rig.expect(eventually([&] { return rig.metric("held_topics") == 1; }), "the missing topic is not told");
  rig.create_topic();
  rig.await_progress();
  return rig.conclude();
}

Report access_denied(const Conditions& conditions) {
  World world{
      {.kafka_settings = {"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                          "allow.everyone.if.no.acl.found=true"}}};
  Rig rig{{.scenario = "access-denied", .world = &world, .conditions = conditions}};
  KafkaAdmin admin{world.kafka.bootstrap()};
  rig.begin();
  for (const auto operation : {RD_KAFKA_ACL_OPERATION_WRITE, RD_KAFKA_ACL_OPERATION_DESCRIBE}) {
    admin.deny("*", rig.topic(), operation);
    rig.expect(eventually([&] { return rig.relay().get("/readyz").status == 503; }),
               "ready although the topic is closed to it");
    rig.let_run(fault_time() / 2);
    admin.no_longer_deny("*", rig.topic(), operation);
    rig.await_progress();
  }
  return rig.conclude();
}

TEST_CASE("the only broker is killed and comes back", "[kafka]") {
  check_promises(broker_killed());
}

TEST_CASE("one of three brokers is lost, then a second one: too few replicas for a while", "[kafka]") {
  check_promises(replicas_lost());
}

TEST_CASE("leaders move from broker to broker", "[kafka]") {
  check_promises(leaders_moved());
}

TEST_CASE("the only broker with a partition is lost: its rows make room, and come when it is back",
          "[kafka]") {
  check_promises(partitions_without_leader());
}

TEST_CASE("a topic that is missing is created later", "[kafka]") {
  check_nothing_comes_twice(topic_created_late());
}

TEST_CASE("the topic's ACL is taken away and given back: not ready, and well again by itself", "[kafka]") {
  check_promises(access_denied());
}

}  // namespace outbox_relay::testing
