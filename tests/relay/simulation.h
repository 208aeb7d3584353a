#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "relay/pipeline.h"
#include "simulated_database.h"
#include "simulated_kafka.h"

namespace outbox_relay::simulation {

/// The real pipeline between a simulated database and a simulated Kafka, in virtual time, driven by a seed.
///
/// After each step the promises are checked: nothing is completed before Kafka has it, nothing is published
/// that was not committed (and flushed), the order of each key holds, the window stays within its limits. In
/// the end, when all faults are over, everything must be relayed.
class Simulation {
 public:
  struct Options {
    bool uses_sequence = true;
    bool wait_for_flush = true;
    bool completes_asynchronously = false;
    bool with_faults = true;
    bool with_bad_rows = false;
    /// Nobody locks rows, and of Kafka's answers the last ones are lost: then whatever follows a repeated row
    /// in its key is repeated behind it.
    bool repeats_in_order = false;
    /// Polls are rare, and notifications come, come late, get lost, or are about nothing.
    bool with_notifications = false;
    core::OnRefusal refused = core::OnRefusal::park;
    int steps = 400;
  };

  Simulation(std::uint64_t seed, Options options);
  ~Simulation();

  /// The first broken promise, or nothing. Runs once.
  std::optional<std::string> run();

 private:
  class Source;
  class CountingProbe;
  struct Process;

  void start_process();
  void kill_process();
  void expect_repeats();
  void do_something();
  void notify();
  void cause_trouble();
  void heal_kafka();
  void operate();
  void run_until_relayed();
  void drain();
  /// Lets the next thing happen and checks all promises.
  bool step();
  void check();
  void check_record(const Record& record);
  void check_succession(const Record& record);
  [[nodiscard]] bool ends_with_latest_records() const;
  [[nodiscard]] bool may_be_left_out(const std::string& key, int version) const;
  void break_promise(const std::string& what);

  Options options_;
  Dice dice_;
  Timeline timeline_;
  core::Routing routing_;
  SimulatedDatabase database_;
  SimulatedKafka kafka_;
  std::unique_ptr<Process> process_;

  std::size_t checked_records_ = 0;
  std::map<std::string, int> next_version_;    ///< of a key, as consumers see it
  std::map<std::string, int> latest_version_;  ///< of a key: in its latest record, repeated or not
  std::set<std::string> consumed_;
  /// Versions of a key that consumers will not see in its topic: discarded, or sent to the dead letter topic.
  std::set<std::pair<std::string, int>> left_out_;
  std::set<std::string> refused_once_;  ///< all messages that were bad at some time
  std::size_t last_message_ = 0;        ///< of those that were asked whether they are bad
  std::size_t repeats_ = 0;
  std::size_t lost_answers_ = 0;  ///< of sinks that are gone
  std::size_t forgotten_ = 0;     ///< rows in flight when a session began that might have lost completions
  std::size_t excuses_ = 0;       ///< kills and other leaders, each of which allows repeats
  std::optional<std::string> broken_promise_;
};

}  // namespace outbox_relay::simulation
