// The verifier itself is proved: each rule of the program, broken on purpose, turns it red.
#include <algorithm>
#include <csignal>

#include "scenarios.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

/// A mutant need not be waited for: what it has broken stays broken.
Conditions with_mutant(const std::string& name) {
  return {.environment = {"OUTBOX_RELAY_FAILPOINTS=" + name + "=on"}, .recovery_limit = seconds{5}};
}

}  // namespace

Report nothing_wrong(const Conditions& conditions) {
  Rig rig{{.scenario = "nothing-wrong", .conditions = conditions}};
  rig.begin();
  rig.let_run(fault_time() / 2);
  return rig.conclude();
}

Report killed_far_from_kafka(const Conditions& conditions) {
  Rig rig{{.scenario = "killed-far-from-kafka", .conditions = conditions}};
  rig.begin();
  rig.world().to_kafka.set(TcpProxy::Direction::to_server, {.latency = milliseconds{150}});
  rig.keep_on([&] {
    rig.let_run(rig.dice().between(milliseconds{300}, milliseconds{700}));
    rig.kill_relay();
    rig.start_relay();
  });
  rig.world().to_kafka.mend();
  return rig.conclude();
}

Report requests_refused(const Conditions& conditions) {
  RefusingWorld world;
  Rig rig{{.scenario = "requests-refused", .world = &world, .conditions = conditions}};
  rig.begin();
  for (int times = 0; times < 3; ++times) {
    const int caught = world.refusals.caught();
    // A row that is refused alone is parked, and rightly so.
    world.refusals.refuse_next_produce(RefusingWorld::invalid_record, 2);
    rig.expect(eventually([&] { return world.refusals.caught() > caught; }), "no request was refused");
    rig.await_progress();
  }
  return rig.conclude();
}

/// The first request of a producer to a partition is refused, and the next one would be accepted.
Report first_requests_refused(const Conditions& conditions) {
  RefusingWorld world;
  Rig rig{{.scenario = "first-requests-refused",
           .world = &world,
           .conditions = conditions,
           .outbox_options = "    poll_interval: 20ms\n",
           .partitions = 2}};
  const auto insert_for = [&](int partition, int rows) {
    int number = 1;
    while (java_partition(Workload::key(number), 2) != partition) ++number;
    rig.workload().insert(Workload::key(number), Workload::Flaw::none, rows);
  };
  const auto await_all = [&] {
    rig.expect(eventually([&] { return rig.pending() == 0; }), "rows stay behind");
  };
  rig.begin();
  rig.workload().pause();
  for (int times = 0; times < 4; ++times) {
    await_all();
    rig.stop_relay();
    rig.start_relay();
    insert_for(times % 2, 1);  // the producer is at work from now on, elsewhere
    await_all();
    const int caught = world.refusals.caught();
    world.refusals.refuse_next_produce(RefusingWorld::not_enough_replicas);
    insert_for(1 - times % 2, 1);
    rig.expect(eventually([&] { return world.refusals.caught() > caught; }), "no request was refused");
    insert_for(1 - times % 2, 100);
  }
  rig.workload().resume();
  rig.await_progress();
  return rig.conclude();
}

Report killed_above_open_writers(const Conditions& conditions) {
  Rig rig{{.scenario = "killed-above-open-writers",
           .conditions = conditions,
           .workload = {.writers = 12, .long_transactions = 0.3, .longest_transaction = milliseconds{2000}},
           .outbox_options = "    full_scan_interval: 1h\n"}};
  rig.begin();
  for (int times = 0; times < 3; ++times) {
    rig.let_run(milliseconds{1500});  // a watermark is saved once a second
    rig.kill_relay();
    rig.start_relay();
  }
  return rig.conclude();
}

Report two_at_once(const Conditions& conditions) {
  Rig rig{{.scenario = "two-at-once", .conditions = conditions}};
  rig.start_relay();
  rig.begin();
  rig.let_run(fault_time() / 2);
  return rig.conclude();
}

/// Rows come out before they are safe, as the user has allowed; the server forgets them and gives their ids
/// to others, before the relay, out of sight for a moment, asks what became of them.
Report ids_reused(const Conditions& conditions) {
  World world;
  Rig rig{{.scenario = "ids-reused",
           .world = &world,
           .conditions = conditions,
           .workload = {.writers = 2, .longest_pause = milliseconds{50}, .asynchronous = 1},
           // By small pages: completions run a race with the fetch that finds the strangers, many times.
           .outbox_options = "    publish_after: visible\n    page_rows: 10\n"}};
  rig.publishes_before_durable();
  rig.begin();
  rig.server_crashed();
  for (int times = 0; times < 3; ++times) {
    // From now on only completions take the log to the disk, and they are slow.
    delay_completions(rig, milliseconds{2500});
    kill(std::stoi(rig.value("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")), SIGSTOP);
    rig.await_progress(50);
    world.to_postgres.set({.is_stalled = true});
    const std::string last_id = rig.value("SELECT last_value FROM outbox_id_seq");
    world.postgres.stop(PostgresServer::Stop::immediate);
    rig.workload().pause();
    world.postgres.start();
    rig.execute("SELECT setval('outbox_id_seq', max(id)) FROM outbox");
    rig.execute("DROP TRIGGER slow_completions ON outbox; DROP FUNCTION slow_down");
    rig.workload().resume();
    rig.expect(eventually([&] { return rig.value("SELECT max(id) > " + last_id + " FROM outbox") == "t"; }),
               "the ids are not given again");
    world.to_postgres.mend();
    rig.await_progress();
  }
  return rig.conclude();
}

namespace {

struct Mutant {
  const char* name;
  Report (*scenario)(const Conditions&);
  const char* finding;  ///< what the verifier has to say
  int most_runs = 1;    ///< of one that a fetch, faster than the completion, can save now and then: more
};

const Mutant mutants[] = {
    // With the gate nothing would be under way but one row a partition, for want of acks.
    {"complete_before_ack=on,no_gate", killed_far_from_kafka, "completed, but never consumed"},
    {"drop_error_reports", requests_refused, "missing"},
    {"random_order", nothing_wrong, "out of order"},
    {"ignore_the_lock", two_at_once, "duplicates"},
    {"blame_whole_request", requests_refused, "parked without a reason"},
    // The sweep finds in the end what both have passed by, too late.
    {"watermark_ahead", killed_above_open_writers, "out of order"},
    {"gaps_by_guess", killed_above_open_writers, "out of order"},
    {"no_gate", first_requests_refused, "out of order"},
    {"complete_by_id", ids_reused, "completed, but never consumed", 3},
    {"no_flush_wait", asynchronous_commits_vanish, "phantoms"},
};

}  // namespace

TEST_CASE("each rule broken on purpose turns the verifier red", "[mutants]") {
  const Mutant mutant = GENERATE(from_range(std::begin(mutants), std::end(mutants)));
  DYNAMIC_SECTION(mutant.name) {
    bool is_found = false;
    for (int run = 1; run <= mutant.most_runs && !is_found; ++run) {
      const Report report = mutant.scenario(with_mutant(mutant.name));
      UNSCOPED_INFO(to_json(report));
      is_found = std::ranges::any_of(report.verdict.findings, [&](const std::string& finding) {
        return finding.find(mutant.finding) != std::string::npos;
      });
    }
    CHECK(is_found);
  }
}

// Without the mutants the same scenarios are green; `asynchronous_commits_vanish` is a test case of its own.

TEST_CASE("nothing is wrong", "[mutants]") {
  check_nothing_comes_twice(nothing_wrong());
}

TEST_CASE("killed while much is on its way to Kafka", "[mutants]") {
  check_promises(killed_far_from_kafka());
}

TEST_CASE("Kafka refuses whole requests with nothing wrong in them", "[mutants]") {
  check_promises(requests_refused());
}

TEST_CASE("Kafka refuses the first request of each producer, and would take the next", "[mutants]") {
  check_promises(first_requests_refused());
}

TEST_CASE("killed while transactions with low ids are open", "[mutants]") {
  check_promises(killed_above_open_writers());
}

TEST_CASE("ids of rows that vanished are given to others", "[mutants]") {
  check_promises(ids_reused());
}

TEST_CASE("two relays work side by side, and nothing comes twice", "[mutants]") {
  check_nothing_comes_twice(two_at_once());
}

}  // namespace outbox_relay::testing
