#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "facts.h"
#include "support/dice.h"

namespace outbox_relay::testing {

class SqlSession;

/// A service at work: several writers, each with a connection and a thread of its own, that insert outbox
/// rows the way it is meant, and write down in the same transaction, in the table `ledger`, what they
/// inserted.
///
/// A transaction locks the row of each key it writes for, takes the key's next version, and only then
/// inserts: so the versions of a key follow the order of its commits. Some roll back, whole or to a
/// savepoint, some stay open for long or prepared, some commit with `synchronous_commit=off`. Writers outlive
/// outages of the database.
class Workload {
 public:
  struct Options {
    int writers = 6;
    int keys = 40;  ///< one more is the empty key
    /// Between two transactions of a writer, at most.
    std::chrono::milliseconds longest_pause{5};
    double rollbacks = 0.08;
    double savepoints = 0.1;
    double asynchronous = 0.15;
    double prepared = 0;  ///< for a server with max_prepared_transactions; no writer's connection may break
    double long_transactions = 0.01;
    std::chrono::milliseconds longest_transaction{1500};
    double without_key = 0.03;
    double tombstones = 0.03;
    double empty_payloads = 0.03;
    double large_payloads = 0.005;
    int large_payload_bytes = 300'000;  ///< at most; at least a tenth
    /// The column `headers` is json instead of jsonb, rows may have a hundred headers, and names come twice.
    bool has_odd_headers = false;
  };
  /// In every key and payload; it must never be seen in a log, a metric or a page.
  static constexpr std::string_view canary = "canary";
  /// The column aggregatetype of every row.
  static constexpr std::string_view aggregate = "invoice";

  /// The tables beside the outbox, for a database where it is; `options` as of the constructor.
  [[nodiscard]] static std::string tables_sql(const Options& options);

  /// What is wrong with a row, so that Kafka or the configuration refuses it.
  enum class Flaw : std::uint8_t {
    none,
    too_large,  ///< `flawed_payload_bytes`; for a topic with a smaller limit
    headers_are_no_object,
    topic_not_allowed,  ///< for an outbox with `allowed_topics`
    topic_invalid,
  };
  static constexpr int flawed_payload_bytes = 250'000;
  /// The name of one of the writers' keys, by its number.
  [[nodiscard]] static std::string key(int number);

  /// `topic` is where the rows have to come out. Starts the writers.
  Workload(std::string connection_string, std::string topic, std::uint64_t seed, Options options);
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  /// Lets what is under way end, and begins nothing more, until `resume`. Returns when no transaction is
  /// open.
  void pause();
  void resume();
  /// Ends the writers, in good order.
  void stop();

  /// Inserts rows of a key, the writers' or a new one, in one transaction, and returns their message ids.
  /// Throws SqlError. With a flaw that concerns the topic the key must be one of its own: its order is that
  /// of another topic.
  std::vector<std::string> insert(const std::string& key, Flaw flaw, int rows = 1);
  /// Takes the flaw away; not for a row that may be published meanwhile.
  [[nodiscard]] static std::string mending_sql(const std::string& message_id);
  /// What was inserted with a flaw so far.
  [[nodiscard]] const std::set<std::string>& flawed() const { return flawed_; }

  /// What was tried so far.
  [[nodiscard]] std::vector<Attempt> attempts() const;

 private:
  class Writer;

  // The writers' side.
  [[nodiscard]] bool await_turn();
  void end_turn();
  void rest(std::chrono::milliseconds duration);
  void record(Attempt attempt);

  const std::string connection_string_;
  const std::string topic_;
  const Options options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_paused_ = false;
  bool is_stopping_ = false;
  int open_transactions_ = 0;
  std::vector<Attempt> attempts_;
  std::vector<std::thread> threads_;
  std::unique_ptr<Writer> guest_;  ///< writes for `insert`, on its caller's thread
  std::set<std::string> flawed_;
};

}  // namespace outbox_relay::testing
