#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace outbox_relay::core {

/// What is to be done about a failure. Decided where the failure is first seen; the pipeline only obeys.
enum class Remedy {
  retry,       ///< heals by itself: back off and try again with the same connection or producer
  rebuild,     ///< this connection or producer is finished: make a new one, then as `retry`
  isolate,     ///< Kafka refused a whole batch and the guilty row in it is unknown; or a row that travelled
               ///< alone, without a reason: the broker may be in trouble, or it is the row
  hold_topic,  ///< rows of this topic cannot go out now, all others can
  park,        ///< this row alone was refused, and will be again
  operate,     ///< only a person can mend it: say what to do, try again slowly, be not ready
};

/// Why something failed, as a label of metrics. A closed list (CONTRACT.md section 5); `to_label` names them.
enum class Reason {
  connection,         ///< server unreachable, connection lost
  timeout,            ///< a deadline of ours or the server's passed
  conflict,           ///< serialization failure, deadlock, lock timeout
  read_only,          ///< the database takes no writes (standby, failover under way)
  authentication,     ///< login refused, wrong password, certificate not accepted
  authorization,      ///< logged in, but a grant or ACL is missing
  missing,            ///< table, column, database or topic does not exist
  resources,          ///< the server is out of disk, memory, connections
  not_in_sync,        ///< too few in-sync replicas
  too_large,          ///< record or batch larger than Kafka takes
  invalid_record,     ///< Kafka refuses the record (timestamp, missing key of a compacted topic, …)
  invalid_topic,      ///< not a topic name, or not among `allowed_topics`
  invalid_headers,    ///< the headers column holds something else than an object
  invalid_partition,  ///< the partition column names none of the topic's partitions
  producer,           ///< the producer came to a fatal end and was rebuilt
  false_ack,          ///< a delivery report claimed success without an offset
  other,
};

[[nodiscard]] constexpr std::string_view to_label(Reason reason) {
  switch (reason) {
    case Reason::connection:
      return "connection";
    case Reason::timeout:
      return "timeout";
    case Reason::conflict:
      return "conflict";
    case Reason::read_only:
      return "read_only";
    case Reason::authentication:
      return "authentication";
    case Reason::authorization:
      return "authorization";
    case Reason::missing:
      return "missing";
    case Reason::resources:
      return "resources";
    case Reason::not_in_sync:
      return "not_in_sync";
    case Reason::too_large:
      return "too_large";
    case Reason::invalid_record:
      return "invalid_record";
    case Reason::invalid_topic:
      return "invalid_topic";
    case Reason::invalid_headers:
      return "invalid_headers";
    case Reason::invalid_partition:
      return "invalid_partition";
    case Reason::producer:
      return "producer";
    case Reason::false_ack:
      return "false_ack";
    case Reason::other:
      return "other";
  }
  return "other";
}

inline constexpr Reason all_reasons[] = {
    Reason::connection,      Reason::timeout,           Reason::conflict,       Reason::read_only,
    Reason::authentication,  Reason::authorization,     Reason::missing,        Reason::resources,
    Reason::not_in_sync,     Reason::too_large,         Reason::invalid_record, Reason::invalid_topic,
    Reason::invalid_headers, Reason::invalid_partition, Reason::producer,       Reason::false_ack,
    Reason::other,
};

/// A failure as a value. Neither text ever holds a key, a payload or a secret.
struct Failure {
  Reason reason = Reason::other;
  Remedy remedy = Remedy::retry;
  std::string message;  ///< lower case: what happened, to what
  std::string hint;     ///< what to change, or empty
};

/// A failure that ends what was under way (a query, a connection attempt); carries its remedy.
class FailureError : public std::runtime_error {
 public:
  explicit FailureError(Failure failure)
      : std::runtime_error(failure.message), failure_(std::move(failure)) {}
  [[nodiscard]] const Failure& failure() const { return failure_; }

 private:
  Failure failure_;
};

}  // namespace outbox_relay::core
