#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/certificates.h"
#include "support/server_script.h"

namespace outbox_relay::testing {

struct Header {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const Header&) const = default;
};

/// A record as a consumer sees it. NULL and empty are different things.
struct ConsumedRecord {
  int partition = 0;
  std::int64_t offset = 0;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<Header> headers;            ///< in the record's order, duplicates included
  std::chrono::milliseconds timestamp{};  ///< since the epoch, as the producer set it
};

/// A real Apache Kafka cluster of this test program, on free ports of the loopback address. Starts in the
/// constructor (1 to 2 s), is gone after the destructor. Topics are created by tests, never by a producer's
/// request. Failures throw std::runtime_error.
class KafkaServer {
 public:
  using Settings = std::vector<std::pair<std::string, std::string>>;

  /// `settings` are the brokers' properties: "message.max.bytes=20000000".
  explicit KafkaServer(int brokers = 1, const std::vector<std::string>& settings = {});

  /// One broker that beside its open listener has one with TLS, by the certificates' `server`, and SASL:
  /// PLAIN and SCRAM, with users that `settings` and `add_user` name.
  explicit KafkaServer(const Certificates& certificates, const std::vector<std::string>& settings = {});

  /// For `bootstrap.servers`, with the listener with TLS in a server that has one.
  [[nodiscard]] const std::string& secure_bootstrap() const {
    return script_.variable("KAFKA_SECURE_BOOTSTRAP");
  }
  /// A user with this password by SCRAM-SHA-512, or another password for it.
  void add_user(const std::string& name, const std::string& password) const {
    script_.run("user", {name, password});
  }

  /// For `bootstrap.servers`.
  [[nodiscard]] const std::string& bootstrap() const { return script_.variable("KAFKA_BOOTSTRAP"); }

  /// Return when every partition has a leader. `config` holds the topic's properties, such as
  /// {"max.message.bytes", "100000"}. The replicas are as many as there are brokers, up to three.
  void create_topic(const std::string& name, int partitions = 1, const Settings& config = {}) const;
  void delete_topic(const std::string& name) const;

  /// Every record of a topic, from the start to the end as it is now: each partition in the order of its
  /// offsets, one partition after the other.
  [[nodiscard]] std::vector<ConsumedRecord> consume_all(const std::string& topic) const;

  /// SIGTERM and SIGKILL; all nodes, or one (node 1 is the controller).
  void stop() const { script_.run("stop"); }
  void stop(int node) const { script_.run("stop", {std::to_string(node)}); }
  void kill() const { script_.run("kill"); }
  void kill(int node) const { script_.run("kill", {std::to_string(node)}); }
  /// The nodes that do not run, with the same data and ports (3 s more after a kill, until the old session
  /// has run out).
  void start(const std::vector<std::string>& settings = {}) { script_.start(settings); }

 private:
  ServerScript script_{"kafka"};
};

}  // namespace outbox_relay::testing
