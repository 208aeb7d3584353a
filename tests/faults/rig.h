#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "report.h"
#include "support/dice.h"
#include "support/eventually.h"
#include "support/relay_program.h"
#include "workload.h"
#include "world.h"

namespace outbox_relay::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How long a fault goes on: OUTBOX_RELAY_FAULT_SECONDS, by default 4 s.
[[nodiscard]] milliseconds fault_time();

/// What the relay finds around it in every of its lives in a run. A mutant is a scenario with another one.
struct Conditions {
  std::vector<std::string> environment{};  ///< "OUTBOX_RELAY_FAILPOINTS=no_gate=on"
  /// Within which everything must flow again when the fault is over: the longest back-off is 5 s.
  seconds recovery_limit{60};
};

/// One run: a workload and a relay between the servers of a world, with a database and a topic of their own,
/// and the verdict in the end.
///
///     Rig rig{{.scenario = "killed-at-random"}};
///     rig.begin();
///     ... faults ...
///     check_promises(rig.conclude());
///
/// All choices come from the seed: OUTBOX_RELAY_SEED, or a new one, which is printed and reported.
class Rig {
 public:
  struct Setup {
    std::string scenario;
    World* world = nullptr;  ///< nothing: the shared one
    Conditions conditions{};
    Workload::Options workload{};
    std::string outbox_options{};    ///< further YAML lines of the outbox, four spaces in front
    std::string kafka_properties{};  ///< and of `kafka.properties`, likewise
    std::string postgres_hosts{};    ///< the relay's "host=… port=…"; empty: through the world's network
    std::string writers_hosts{};     ///< the writers'; empty: the world's server, directly
    std::filesystem::path password_file{};  ///< the relay's, written by the scenario; empty: never changes
    std::vector<std::string> wrapper{};     ///< a command that runs the relay, such as prlimit
    std::vector<std::pair<std::string, std::string>> topic_config{};
    int partitions = 4;
    bool has_topic = true;               ///< false: the scenario creates it, by `create_topic`
    bool allows_no_other_topic = false;  ///< `allowed_topics` names the one
    bool has_dead_letters = false;       ///< `refused: dead_letter`, to a topic of its own
  };
  static constexpr std::size_t in_flight_rows = 2000;

  explicit Rig(Setup setup);
  ~Rig();
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// Starts the relay and the workload. Returns when rows flow.
  void begin();
  /// Ends the workload, waits until nothing is pending and the relay says so, stops the relay in good order,
  /// reads everything back, and judges. Prints the report and writes it beside the relay's log.
  Report conclude();

  [[nodiscard]] Dice& dice() { return dice_; }
  [[nodiscard]] World& world() { return *setup_.world; }
  [[nodiscard]] Workload& workload() { return *workload_; }
  /// The one that was started last, or that leads, since `look_at_leader`.
  [[nodiscard]] RelayProgram& relay() { return *lives_.back().program; }

  /// As superuser in the run's database, on the server that is the primary now.
  void execute(const std::string& sql) const { primary_->execute(sql, database_); }
  [[nodiscard]] std::string value(const std::string& sql) const { return primary_->value(sql, database_); }
  [[nodiscard]] std::string connection_string() const {
    return primary_->connection_string("postgres", database_);
  }
  [[nodiscard]] const std::string& database() const { return database_; }
  [[nodiscard]] std::string topic() const;
  [[nodiscard]] double metric(const std::string& family, const std::string& further_labels = "") const {
    return lives_.back().program->metric_of("orders", family, further_labels);
  }
  [[nodiscard]] int pending() const;
  /// `outbox-relay COMMAND… -c FILE --outbox orders OPTION…`; anything but exit code 0 is a finding.
  Finished command(std::vector<std::string> command, const std::vector<std::string>& options);
  void create_topic();

  /// The relay begins another life, or the first; under other conditions than the run's, if given.
  void start_relay() { start_relay(setup_.conditions); }
  void start_relay(const Conditions& conditions);
  /// Waits until the relay ends by itself, as a failpoint makes it; that counts as a kill.
  void await_crash();
  /// Of several relays at work, `relay` is from now on the one that leads; waits until one does.
  void look_at_leader();
  /// SIGSTOP, as a host that stands still: what was in flight may come twice. SIGCONT for all of them.
  void pause_relay();
  void resume_relays();
  /// What the database's clock says.
  [[nodiscard]] std::string database_time() const { return value("SELECT clock_timestamp()"); }
  /// Another relay had to go on after this moment, and does by now: reports for how long nothing was
  /// completed.
  void note_takeover(const std::string& fault_at);
  /// kill -9: what was in flight may come twice.
  void kill_relay();
  /// SIGTERM, and once more after `second_after`. Returns the exit code; a drained stop (0) excuses nothing.
  int stop_relay(std::optional<milliseconds> second_after = std::nullopt);

  /// Lets load and fault meet for a while; nothing is asserted about the time.
  void let_run(milliseconds duration);
  /// Does something again and again until the fault time is over.
  void keep_on(const std::function<void()>& action);
  /// Waits until the relay has acknowledged `records` more than now.
  void await_progress(int records = 100);

  /// What the scenario did to the database, for the verdict.
  void server_crashed() { allowance_.server_crashed = true; }
  void discarded(const std::string& message_id) { discarded_.insert(message_id); }
  void publishes_before_durable() { allowance_.published_before_durable = true; }
  void rows_may_be_gone() { allowance_.rows_may_be_gone = true; }
  /// The database is another server's from now on.
  void moved_to(const PostgresServer& primary) { primary_ = &primary; }

  /// Must be in no log and on no page.
  void keep_secret(const std::string& secret) { secrets_.push_back(secret); }

  /// A promise that only the scenario can judge.
  void expect(bool is_kept, const std::string& finding);

 private:
  struct Life {
    std::size_t number = 0;
    std::unique_ptr<RelayProgram> program;
    bool was_ended = false;  ///< by the scenario
    bool is_paused = false;
  };
  struct Resources {
    double resident_bytes = 0;
    double descriptors = 0;
    double threads = 0;
  };

  [[nodiscard]] std::string configuration() const;
  [[nodiscard]] std::string writers_connection() const;
  [[nodiscard]] std::filesystem::path run_directory() const;
  [[nodiscard]] Resources resources() const;
  [[nodiscard]] std::string dead_letter_topic() const { return database_ + ".dead"; }
  [[nodiscard]] std::size_t parked_rows(const std::string& condition) const;

  void settle();
  void check_honesty();
  void check_metrics(std::size_t records);
  void check_resources();
  void check_secrets();
  void end_relays();
  void end(Life& life);
  [[nodiscard]] Facts collect_facts() const;
  [[nodiscard]] Allowance allowance() const;
  [[nodiscard]] Report report(const Verdict& verdict) const;
  void keep(const Report& report) const;

  Setup setup_;
  const std::uint64_t seed_;
  Dice dice_;
  const std::string database_;
  const PostgresServer* primary_;
  std::vector<Life> lives_;
  std::unique_ptr<Workload> workload_;
  Allowance allowance_;
  Resources before_;
  std::size_t crashes_ = 0;
  double redelivered_ = 0;           ///< by lives that were ended
  std::optional<double> published_;  ///< in the last life, as it says itself
  bool is_relayed_ = false;          ///< nothing was pending in the end
  double recovery_seconds_ = 0;
  std::string pages_;  ///< what was read from /metrics and /readyz, and what commands told
  std::set<std::string> discarded_;
  std::vector<std::string> secrets_;
  std::vector<double> takeover_seconds_;
  std::vector<std::string> findings_;
};

}  // namespace outbox_relay::testing
