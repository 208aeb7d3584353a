// Anything, at any time, two things at once now and then: what nobody has thought of writing a scenario for.
#include <csignal>
#include <iterator>

#include "scenarios.h"
#include "sql_session.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

/// One run's faults. Each is over when its function returns, so that the next meets a relay that recovers.
class Misfortune {
 public:
  explicit Misfortune(Rig& rig) : rig_{rig} {}

  void strike() {
    static constexpr void (Misfortune::* faults[])() = {
        &Misfortune::kill,         &Misfortune::stop,          &Misfortune::pause,
        &Misfortune::end_backends, &Misfortune::crash_server,  &Misfortune::restart_server,
        &Misfortune::kill_broker,  &Misfortune::stall,         &Misfortune::stall,
        &Misfortune::cut,          &Misfortune::cut,           &Misfortune::slow_down,
        &Misfortune::lock_table,   &Misfortune::rewrite_table, &Misfortune::change_columns,
        &Misfortune::take_rights,
    };
    const int which = rig_.dice().between(0, static_cast<int>(std::size(faults)) - 1);
    (this->*faults[static_cast<std::size_t>(which)])();
  }

 private:
  void wait(milliseconds least, milliseconds most) { rig_.let_run(rig_.dice().between(least, most)); }
  TcpProxy& network() { return rig_.dice().chance(0.5) ? rig_.world().to_postgres : rig_.world().to_kafka; }

  void kill() {
    rig_.kill_relay();
    wait(milliseconds{0}, milliseconds{500});
    rig_.start_relay();
  }
  void stop() {
    rig_.stop_relay();
    rig_.start_relay();
  }
  /// For less long than the server lets it lead.
  void pause() {
    rig_.relay().process().signal(SIGSTOP);
    wait(milliseconds{100}, milliseconds{2500});
    rig_.relay().process().signal(SIGCONT);
  }
  void end_backends() {
    rig_.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'outbox_relay'");
  }
  void crash_server() { bring_down(PostgresServer::Stop::immediate); }
  void restart_server() { bring_down(PostgresServer::Stop::fast); }
  void bring_down(PostgresServer::Stop how) {
    rig_.world().postgres.stop(how);
    wait(milliseconds{0}, milliseconds{2000});
    rig_.world().postgres.start();
  }
  void kill_broker() {
    rig_.world().kafka.kill();
    wait(milliseconds{0}, milliseconds{2000});
    rig_.world().kafka.start();
  }
  void stall() {
    TcpProxy& victim = network();
    const bool is_one_way = rig_.dice().chance(0.5);
    victim.set(TcpProxy::Direction::to_client, {.is_stalled = true});
    if (!is_one_way) victim.set(TcpProxy::Direction::to_server, {.is_stalled = true});
    strike_beside();
    wait(milliseconds{100}, milliseconds{6000});
    if (rig_.dice().chance(0.3)) victim.cut();
    victim.mend();
  }
  void cut() { network().cut(); }
  void slow_down() {
    TcpProxy& victim = network();
    victim.set({.latency = milliseconds{20}, .jitter = milliseconds{60}, .bytes_per_second = 2'000'000});
    strike_beside();
    wait(milliseconds{500}, milliseconds{3000});
    victim.mend();
  }
  void lock_table() {
    SqlSession session{rig_.connection_string()};
    session.execute("BEGIN; LOCK TABLE outbox IN SHARE MODE");
    wait(milliseconds{100}, milliseconds{4000});
  }
  void rewrite_table() { rig_.execute("VACUUM FULL outbox"); }
  void change_columns() {
    rig_.execute("ALTER TABLE outbox ADD COLUMN tenant text DEFAULT 'none'");
    wait(milliseconds{0}, milliseconds{500});
    rig_.execute("ALTER TABLE outbox DROP COLUMN tenant");
  }
  void take_rights() {
    rig_.execute("REVOKE UPDATE (sent_at) ON outbox FROM outbox_relay");
    wait(milliseconds{0}, milliseconds{3000});
    rig_.execute("GRANT UPDATE (sent_at) ON outbox TO outbox_relay");
  }

  /// Something else while a network is bad; none of those that look at a network.
  void strike_beside() {
    static constexpr void (Misfortune::* others[])() = {&Misfortune::kill, &Misfortune::crash_server,
                                                        &Misfortune::kill_broker, &Misfortune::end_backends,
                                                        &Misfortune::rewrite_table};
    if (!rig_.dice().chance(0.3)) return;
    const int which = rig_.dice().between(0, static_cast<int>(std::size(others)) - 1);
    (this->*others[static_cast<std::size_t>(which)])();
  }

  Rig& rig_;
};

}  // namespace

Report anything_at_any_time(const Conditions& conditions) {
  World world;
  Rig rig{{.scenario = "anything-at-any-time",
           .world = &world,
           .conditions = conditions,
           .kafka_properties = "    socket.timeout.ms: 3000\n"}};
  rig.begin();
  rig.server_crashed();
  Misfortune misfortune{rig};
  rig.keep_on([&] {
    misfortune.strike();
    rig.let_run(rig.dice().between(milliseconds{0}, milliseconds{2000}));
  });
  rig.await_progress();
  return rig.conclude();
}

TEST_CASE("anything at any time", "[soak]") {
  check_promises(anything_at_any_time());
}

}  // namespace outbox_relay::testing
