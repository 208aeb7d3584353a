// The database server: crashes, lost backends, failover, old snapshots.
#include <pwd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "scenarios.h"
#include "sql_session.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

constexpr const char* terminate_relay_backends =
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'outbox_relay'";

}  // namespace

namespace {

Report crash_again_and_again(Rig& rig) {
  rig.begin();
  rig.server_crashed();
  rig.keep_on([&] {
    rig.let_run(rig.dice().between(milliseconds{300}, milliseconds{1200}));
    rig.world().postgres.stop(PostgresServer::Stop::immediate);
    rig.let_run(rig.dice().between(milliseconds{0}, milliseconds{300}));
    rig.world().postgres.start();
  });
  return rig.conclude();
}

}  // namespace

Report database_crashes(const Conditions& conditions) {
  World world;
  Rig rig{{.scenario = "database-crashes", .world = &world, .conditions = conditions}};
  return crash_again_and_again(rig);
}

void delay_completions(const Rig& rig, milliseconds delay) {
  rig.execute(
      "CREATE FUNCTION slow_down() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(" +
      std::to_string(delay.count()) +
      " / 1000.0); RETURN NULL; END'; CREATE TRIGGER slow_completions BEFORE UPDATE ON outbox EXECUTE "
      "FUNCTION slow_down()");
}

/// Nobody waits for the log to reach the disk, and the relay's completions, which would take it there, are
/// slow: so rows are visible for long before they are safe. Few writers, because a crash of the server alone
/// undoes only what is in the log's last page.
Report asynchronous_commits_vanish(const Conditions& conditions) {
  World world{{.postgres_settings = {"wal_writer_delay=2s"}}};
  Rig rig{{.scenario = "asynchronous-commits-vanish",
           .world = &world,
           .conditions = conditions,
           .workload = {.writers = 2, .longest_pause = milliseconds{100}, .asynchronous = 1}}};
  delay_completions(rig, milliseconds{500});
  rig.begin();
  rig.server_crashed();
  for (int times = 0; times < 5; ++times) {
    rig.await_progress(20);
    rig.let_run(rig.dice().between(milliseconds{0}, milliseconds{500}));
    rig.world().postgres.stop(PostgresServer::Stop::immediate);
    rig.world().postgres.start();
  }
  return rig.conclude();
}

Report backends_terminated(const Conditions& conditions) {
  Rig rig{{.scenario = "backends-terminated", .conditions = conditions}};
  rig.begin();
  rig.keep_on([&] {
    rig.let_run(milliseconds{100});
    rig.execute(terminate_relay_backends);
  });
  return rig.conclude();
}

namespace {

/// What a client meets where the old primary was.
enum class Death : std::uint8_t {
  refuses,    ///< nobody listens
  closes,     ///< a balancer without a server behind it takes connections and closes them
  is_silent,  ///< a frozen machine takes connections and says nothing
};

/// The standby is a synchronous one, and nobody commits without waiting for it: an asynchronous one loses
/// what it never received, which no relay can know.
Report fail_over(const std::string& scenario, Death death, const Conditions& conditions) {
  World world;
  const PostgresServer standby{PostgresServer::StandbyOf{world.postgres}};
  world.postgres.execute("ALTER SYSTEM SET synchronous_standby_names = '*'");
  world.postgres.execute("SELECT pg_reload_conf()");
  const auto hosts = [&](const std::string& primary_port) {
    return "host=127.0.0.1,127.0.0.1 port=" + primary_port + ',' + standby.port();
  };
  Rig rig{{.scenario = scenario,
           .world = &world,
           .conditions = conditions,
           .workload = {.asynchronous = 0},
           .postgres_hosts = hosts(world.to_postgres.port()),
           .writers_hosts = hosts(world.postgres.port())}};
  rig.begin();
  // First the name of the primary leads to the standby, as a stale entry of a resolver does.
  world.to_postgres.forward_to(standby.host() + ':' + standby.port());
  rig.let_run(fault_time() / 2);
  world.to_postgres.forward_to(world.postgres.host() + ':' + world.postgres.port());
  rig.await_progress();
  switch (death) {
    case Death::refuses:
      world.to_postgres.disappear();
      break;
    case Death::closes:  // as the network does of itself
      break;
    case Death::is_silent:
      world.to_postgres.set({.is_stalled = true});
      break;
  }
  world.postgres.stop(PostgresServer::Stop::immediate);
  rig.let_run(fault_time() / 2);
  standby.promote();
  rig.moved_to(standby);
  rig.await_progress();
  return rig.conclude();
}

}  // namespace

Report standby_promoted(const Conditions& conditions) {
  return fail_over("standby-promoted", Death::refuses, conditions);
}

Report standby_promoted_behind_a_balancer(const Conditions& conditions) {
  return fail_over("standby-promoted-behind-a-balancer", Death::closes, conditions);
}

Report standby_promoted_beside_a_silent_primary(const Conditions& conditions) {
  return fail_over("standby-promoted-beside-a-silent-primary", Death::is_silent, conditions);
}

/// A transaction that is prepared holds its low ids without any session, also while no relay is there.
Report transactions_prepared(const Conditions& conditions) {
  World world{{.postgres_settings = {"max_prepared_transactions=20"}}};
  Rig rig{{.scenario = "transactions-prepared",
           .world = &world,
           .conditions = conditions,
           .workload = {.writers = 12, .prepared = 0.1, .longest_transaction = fault_time() / 2}}};
  rig.begin();
  for (int times = 0; times < 3; ++times) {
    rig.let_run(fault_time() / 4);
    rig.kill_relay();
    rig.let_run(rig.dice().between(milliseconds{0}, milliseconds{500}));
    rig.start_relay();
    rig.await_progress();
  }
  return rig.conclude();
}

namespace {

/// A small file system of the user postgres, as whom servers run. Mounting takes root.
class SmallDisk {
 public:
  SmallDisk() {
    std::filesystem::create_directory(path_);
    const auto* const owner = getpwnam("postgres");
    if (owner == nullptr || geteuid() != 0) return;
    const std::string options = "size=64m,mode=700,uid=" + std::to_string(owner->pw_uid);
    is_mounted_ = run({"mount", "-t", "tmpfs", "-o", options, "tmpfs", path_}).code == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) static_cast<void>(run({"umount", "--lazy", path_}));
    std::filesystem::remove(path_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool is_mounted() const { return is_mounted_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_ =
      std::filesystem::temp_directory_path() / ("outbox-relay-disk-" + std::to_string(getpid()));
  bool is_mounted_ = false;
};

Report fill_disk(const SmallDisk& disk, const Conditions& conditions) {
  World world;
  world.postgres.execute("CREATE TABLESPACE small LOCATION '" + disk.path() + '\'');
  Rig rig{{.scenario = "disk-full", .world = &world, .conditions = conditions}};
  // Every completion needs room for a new version of its rows.
  rig.execute("ALTER TABLE outbox SET (fillfactor = 100); ALTER TABLE outbox SET TABLESPACE small");
  rig.execute(
      "CREATE TABLE filler (filling text) TABLESPACE small; ALTER TABLE filler ALTER filling SET STORAGE "
      "PLAIN");
  rig.begin();
  rig.execute(
      "DO $$ BEGIN LOOP INSERT INTO filler VALUES (repeat('x', 7000)); END LOOP; "
      "EXCEPTION WHEN disk_full THEN NULL; END $$");
  rig.expect(
      eventually([&] { return rig.relay().log().find("No space left on device") != std::string::npos; }),
      "the full disk is not told");
  rig.let_run(fault_time());
  rig.execute("DROP TABLE filler");
  rig.await_progress();
  return rig.conclude();
}

}  // namespace

Report disk_full(const Conditions& conditions) {
  const SmallDisk disk;
  if (disk.is_mounted()) return fill_disk(disk, conditions);
  WARN("not run: nothing can be mounted here");
  return {};
}

Report writers_open_for_long(const Conditions& conditions) {
  Rig rig{{.scenario = "writers-open-for-long",
           .conditions = conditions,
           .workload = {.writers = 12, .long_transactions = 0.05, .longest_transaction = fault_time()}}};
  SqlSession analyst{rig.connection_string()};
  analyst.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM outbox");
  rig.begin();
  rig.let_run(2 * fault_time());
  return rig.conclude();
}

namespace {

/// The file that the relay reads its password from.
class PasswordFile {
 public:
  explicit PasswordFile(const std::string& password) { write(password); }
  ~PasswordFile() { std::filesystem::remove(path_); }
  PasswordFile(const PasswordFile&) = delete;
  PasswordFile& operator=(const PasswordFile&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void write(const std::string& password) const {
    std::ofstream{path_.string() + ".new"} << password << '\n';
    std::filesystem::rename(path_.string() + ".new", path_);
  }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("outbox-relay-password-" + std::to_string(getpid()));
};

}  // namespace

/// First the file, then the server, as it should be done; and the other way round, when the relay is locked
/// out.
Report password_rotated(const Conditions& conditions) {
  World world;
  const PasswordFile file{world.postgres.password()};
  Rig rig{{.scenario = "password-rotated",
           .world = &world,
           .conditions = conditions,
           .password_file = file.path()}};
  rig.begin();
  const auto rotate_in_server = [&](const std::string& password) {
    rig.execute("ALTER ROLE outbox_relay PASSWORD '" + password + "'");
    rig.execute(terminate_relay_backends);
  };
  for (const std::string password : {"canary-first", "canary-second"}) {
    rig.keep_secret(password);
    file.write(password);
    rotate_in_server(password);
    rig.await_progress();
  }
  rig.keep_secret("canary-third");
  rotate_in_server("canary-third");
  rig.expect(eventually([&] { return rig.metric("state", ",state=\"waiting_for_operator\"") == 1; }),
             "a password that the server refuses is not told");
  rig.expect(rig.relay().get("/readyz").status == 503, "ready without a password");
  file.write("canary-third");
  rig.await_progress();
  return rig.conclude();
}

TEST_CASE("the database crashes and recovers, again and again", "[postgres]") {
  check_nothing_comes_twice(database_crashes());
}

TEST_CASE("what vanishes in a crash of the database was not published", "[postgres]") {
  check_nothing_comes_twice(asynchronous_commits_vanish());
}

TEST_CASE("the relay's backends are terminated ten times a second", "[postgres]") {
  check_nothing_comes_twice(backends_terminated());
}

TEST_CASE("a standby takes over from a primary that died", "[postgres]") {
  check_promises(standby_promoted());
}

TEST_CASE("a standby takes over, and the old address takes connections and closes them", "[postgres]") {
  check_promises(standby_promoted_behind_a_balancer());
}

TEST_CASE("a standby takes over, and the old address takes connections and says nothing", "[postgres]") {
  check_promises(standby_promoted_beside_a_silent_primary());
}

TEST_CASE("transactions stay prepared while the relay is killed", "[postgres]") {
  check_promises(transactions_prepared());
}

TEST_CASE("the database's disk is full for a while", "[postgres]") {
  check_nothing_comes_twice(disk_full());
}

TEST_CASE("transactions with low ids stay open for long, and a snapshot is held all the while",
          "[postgres]") {
  check_nothing_comes_twice(writers_open_for_long());
}

TEST_CASE("the relay's password is changed under load, once before its file", "[postgres]") {
  check_nothing_comes_twice(password_rotated());
}

}  // namespace outbox_relay::testing
