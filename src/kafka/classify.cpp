#include "kafka/classify.h"

#include <string>

#include "kafka/version.h"

namespace outbox_relay::kafka {
namespace {

using core::Reason;
using core::Remedy;

struct Verdict {
  Reason reason;
  Remedy remedy;
  const char* hint = "";
  bool has_reason = true;  ///< false: it may be the row, or the broker is in trouble
};

// Grouped by verdict. What is not listed is nothing that a producer should meet. When librdkafka says it, a
// new producer is the one thing that can help. When a broker does, a row may be what it means, and a new
// producer would meet it again for ever.
Verdict verdict_on(rd_kafka_resp_err_t code) {
  switch (static_cast<int>(code)) {  // int: newer libraries return codes that older headers do not name
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__NODE_UPDATE:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
      return {Reason::connection, Remedy::retry};
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return {Reason::connection, Remedy::retry,
              "the brokers' names come from `bootstrap.servers` and from each broker's advertised.listeners"};

    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return {Reason::timeout, Remedy::retry};

    case RD_KAFKA_RESP_ERR__ISR_INSUFF:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return {Reason::not_in_sync, Remedy::retry,
              "bring the brokers back that hold the replicas, or lower the topic's min.insync.replicas"};

    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return {Reason::resources, Remedy::retry};
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
      return {Reason::resources, Remedy::retry, "look at the disk of the partition's leader"};
    case RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE:
      return {Reason::resources, Remedy::rebuild,
              "raise this process's limits on memory, threads and open files"};

    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return {Reason::missing, Remedy::hold_topic, "create the topic, or change `topic`"};
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE:
      return {Reason::not_in_sync, Remedy::hold_topic,
              "bring a broker back that holds a replica of the partition"};
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return {Reason::authorization, Remedy::hold_topic,
              "grant the relay's principal Write and Describe on the topic"};

    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return {Reason::too_large, Remedy::isolate,
              "raise the topic's max.message.bytes, or lower `batch.size` below it in `kafka.properties`"};
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return {Reason::invalid_record, Remedy::isolate,
              "compare the clocks, and see the topic's message.timestamp.before.max.ms and .after.max.ms"};
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
      return {Reason::invalid_record, Remedy::isolate, "a compacted topic takes no row without a key"};
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return {Reason::invalid_record, Remedy::isolate, "the brokers' own policy refuses the record"};
    case RD_KAFKA_RESP_ERR_UNKNOWN:  // an exception in the broker that has no code of its own
      return {Reason::other, Remedy::isolate,
              "the broker does not say why; the log of the partition's leader does", false};
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return {Reason::invalid_topic, Remedy::isolate, "Kafka takes no such topic name; change `topic`"};

    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED:
      return {Reason::authentication, Remedy::operate,
              "check `sasl.username`, the password and `sasl.mechanism` in `kafka.properties`"};
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return {Reason::authentication, Remedy::operate, "set `sasl.mechanism` to one that the brokers offer"};
    case RD_KAFKA_RESP_ERR__SSL:
      return {Reason::authentication, Remedy::operate,
              "check `ssl.ca.location`, the certificates and that `security.protocol` is the listener's"};

    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return {
          Reason::authorization, Remedy::operate,
          "grant the relay's principal Write on its topics (without it on any, Kafka gives no producer id)"};
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
      return {Reason::authorization, Remedy::operate, "look at the ACLs of the relay's principal"};

    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
      return {Reason::other, Remedy::hold_topic,
              "set `compression.type` to one that the topic's brokers take"};
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
      return {Reason::other, Remedy::hold_topic, "the topic's message.format.version must be 0.11 or later"};
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
      return {Reason::other, Remedy::operate, "Kafka 2.8 or later is needed"};

    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
    case RD_KAFKA_RESP_ERR__INCONSISTENT:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR__STATE:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_TXN_STATE:
      return {Reason::producer, Remedy::rebuild};

    default:
      if (code > 0)
        return {Reason::other, Remedy::isolate, "look into the log of the partition's leader", false};
      return {Reason::other, Remedy::rebuild};
  }
}

/// One code, another meaning, by where it was met.
Remedy remedy_at(Origin origin, const Verdict& verdict) {
  switch (origin) {
    case Origin::produce:
    case Origin::probe:
      return verdict.remedy == Remedy::isolate && verdict.has_reason ? Remedy::park : verdict.remedy;
    case Origin::topic:
      // A look-up is about the topic and no row; whatever it met, the topic's rows wait for the next one.
      return verdict.remedy == Remedy::operate ? Remedy::operate : Remedy::hold_topic;
    case Origin::producer:
      // About no row, so there is none to be found.
      return verdict.remedy == Remedy::isolate ? Remedy::rebuild : verdict.remedy;
    case Origin::delivery:
      return verdict.remedy;
  }
  return verdict.remedy;
}

}  // namespace

core::Failure classify(rd_kafka_resp_err_t code, Origin origin, std::string_view detail) {
  const Verdict verdict = verdict_on(code);
  core::Failure failure{verdict.reason, remedy_at(origin, verdict), "kafka: ", verdict.hint};
  failure.message += rd_kafka_err2name(code);
  failure.message += ": ";
  failure.message += detail.empty() ? std::string_view{rd_kafka_err2str(code)} : detail;
  if (verdict.reason == Reason::authentication && detail.find("SCRAM") != std::string_view::npos &&
      !can_log_in_to_kafka_4_with_scram()) {
    failure.hint = "librdkafka " + to_string(library_version()) +
                   " cannot log in to Kafka 4 with SCRAM, whatever the password: 2.6.1 or later can; else " +
                   failure.hint;
  }
  return failure;
}

}  // namespace outbox_relay::kafka
