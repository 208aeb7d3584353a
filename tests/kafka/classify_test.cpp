#include "kafka/classify.h"

#include <map>
#include <string>

#include "kafka/version.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using outbox_relay::kafka::can_log_in_to_kafka_4_with_scram;
using outbox_relay::kafka::classify;
using outbox_relay::kafka::Origin;

namespace {

struct Verdict {
  Reason reason;
  Remedy remedy;

  bool operator==(const Verdict&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  return out << to_label(verdict.reason) << '/' << static_cast<int>(verdict.remedy);
}

/// What a delivery report with the code is to lead to, by librdkafka's names. Everything else is unexpected.
const std::map<std::string, Verdict> expected_verdicts = {
    {"_TRANSPORT", {Reason::connection, Remedy::retry}},
    {"_RESOLVE", {Reason::connection, Remedy::retry}},
    {"_ALL_BROKERS_DOWN", {Reason::connection, Remedy::retry}},
    {"_WAIT_COORD", {Reason::connection, Remedy::retry}},
    {"_NODE_UPDATE", {Reason::connection, Remedy::retry}},
    {"BROKER_NOT_AVAILABLE", {Reason::connection, Remedy::retry}},
    {"NETWORK_EXCEPTION", {Reason::connection, Remedy::retry}},
    {"COORDINATOR_LOAD_IN_PROGRESS", {Reason::connection, Remedy::retry}},
    {"COORDINATOR_NOT_AVAILABLE", {Reason::connection, Remedy::retry}},
    {"NOT_COORDINATOR", {Reason::connection, Remedy::retry}},
    {"NOT_LEADER_FOR_PARTITION", {Reason::connection, Remedy::retry}},
    {"REPLICA_NOT_AVAILABLE", {Reason::connection, Remedy::retry}},
    {"FENCED_LEADER_EPOCH", {Reason::connection, Remedy::retry}},
    {"UNKNOWN_LEADER_EPOCH", {Reason::connection, Remedy::retry}},
    {"_MSG_TIMED_OUT", {Reason::timeout, Remedy::retry}},
    {"_TIMED_OUT", {Reason::timeout, Remedy::retry}},
    {"_TIMED_OUT_QUEUE", {Reason::timeout, Remedy::retry}},
    {"REQUEST_TIMED_OUT", {Reason::timeout, Remedy::retry}},
    {"_ISR_INSUFF", {Reason::not_in_sync, Remedy::retry}},
    {"NOT_ENOUGH_REPLICAS", {Reason::not_in_sync, Remedy::retry}},
    {"NOT_ENOUGH_REPLICAS_AFTER_APPEND", {Reason::not_in_sync, Remedy::retry}},
    {"_QUEUE_FULL", {Reason::resources, Remedy::retry}},
    {"THROTTLING_QUOTA_EXCEEDED", {Reason::resources, Remedy::retry}},
    {"KAFKA_STORAGE_ERROR", {Reason::resources, Remedy::retry}},
    {"_CRIT_SYS_RESOURCE", {Reason::resources, Remedy::rebuild}},
    {"_UNKNOWN_TOPIC", {Reason::missing, Remedy::hold_topic}},
    {"_UNKNOWN_PARTITION", {Reason::missing, Remedy::hold_topic}},
    {"UNKNOWN_TOPIC_OR_PART", {Reason::missing, Remedy::hold_topic}},
    {"LEADER_NOT_AVAILABLE", {Reason::not_in_sync, Remedy::hold_topic}},
    {"PREFERRED_LEADER_NOT_AVAILABLE", {Reason::not_in_sync, Remedy::hold_topic}},
    {"ELIGIBLE_LEADERS_NOT_AVAILABLE", {Reason::not_in_sync, Remedy::hold_topic}},
    {"TOPIC_AUTHORIZATION_FAILED", {Reason::authorization, Remedy::hold_topic}},
    {"MSG_SIZE_TOO_LARGE", {Reason::too_large, Remedy::isolate}},
    {"RECORD_LIST_TOO_LARGE", {Reason::too_large, Remedy::isolate}},
    {"INVALID_TIMESTAMP", {Reason::invalid_record, Remedy::isolate}},
    {"UNKNOWN", {Reason::other, Remedy::isolate}},
    {"INVALID_RECORD", {Reason::invalid_record, Remedy::isolate}},
    {"INVALID_MSG", {Reason::invalid_record, Remedy::isolate}},
    {"INVALID_MSG_SIZE", {Reason::invalid_record, Remedy::isolate}},
    {"POLICY_VIOLATION", {Reason::invalid_record, Remedy::isolate}},
    {"TOPIC_EXCEPTION", {Reason::invalid_topic, Remedy::isolate}},
    {"_AUTHENTICATION", {Reason::authentication, Remedy::operate}},
    {"_SSL", {Reason::authentication, Remedy::operate}},
    {"SASL_AUTHENTICATION_FAILED", {Reason::authentication, Remedy::operate}},
    {"UNSUPPORTED_SASL_MECHANISM", {Reason::authentication, Remedy::operate}},
    {"ILLEGAL_SASL_STATE", {Reason::authentication, Remedy::operate}},
    {"UNACCEPTABLE_CREDENTIAL", {Reason::authentication, Remedy::operate}},
    {"DELEGATION_TOKEN_AUTH_DISABLED", {Reason::authentication, Remedy::operate}},
    {"DELEGATION_TOKEN_NOT_FOUND", {Reason::authentication, Remedy::operate}},
    {"DELEGATION_TOKEN_OWNER_MISMATCH", {Reason::authentication, Remedy::operate}},
    {"DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", {Reason::authentication, Remedy::operate}},
    {"DELEGATION_TOKEN_AUTHORIZATION_FAILED", {Reason::authentication, Remedy::operate}},
    {"DELEGATION_TOKEN_EXPIRED", {Reason::authentication, Remedy::operate}},
    {"CLUSTER_AUTHORIZATION_FAILED", {Reason::authorization, Remedy::operate}},
    {"TRANSACTIONAL_ID_AUTHORIZATION_FAILED", {Reason::authorization, Remedy::operate}},
    {"GROUP_AUTHORIZATION_FAILED", {Reason::authorization, Remedy::operate}},
    {"SECURITY_DISABLED", {Reason::authorization, Remedy::operate}},
    {"UNSUPPORTED_COMPRESSION_TYPE", {Reason::other, Remedy::hold_topic}},
    {"_UNSUPPORTED_FEATURE", {Reason::other, Remedy::operate}},
    {"UNSUPPORTED_VERSION", {Reason::other, Remedy::operate}},
    {"UNSUPPORTED_FOR_MESSAGE_FORMAT", {Reason::other, Remedy::hold_topic}},
    {"_FATAL", {Reason::producer, Remedy::rebuild}},
    {"_GAPLESS_GUARANTEE", {Reason::producer, Remedy::rebuild}},
    {"_PURGE_QUEUE", {Reason::producer, Remedy::rebuild}},
    {"_PURGE_INFLIGHT", {Reason::producer, Remedy::rebuild}},
    {"_DESTROY", {Reason::producer, Remedy::rebuild}},
    {"_INCONSISTENT", {Reason::producer, Remedy::rebuild}},
    {"_FENCED", {Reason::producer, Remedy::rebuild}},
    {"_STATE", {Reason::producer, Remedy::rebuild}},
    {"_RETRY", {Reason::producer, Remedy::rebuild}},
    {"OUT_OF_ORDER_SEQUENCE_NUMBER", {Reason::producer, Remedy::rebuild}},
    {"DUPLICATE_SEQUENCE_NUMBER", {Reason::producer, Remedy::rebuild}},
    {"INVALID_PRODUCER_EPOCH", {Reason::producer, Remedy::rebuild}},
    {"INVALID_PRODUCER_ID_MAPPING", {Reason::producer, Remedy::rebuild}},
    {"UNKNOWN_PRODUCER_ID", {Reason::producer, Remedy::rebuild}},
    {"PRODUCER_FENCED", {Reason::producer, Remedy::rebuild}},
    {"INVALID_TXN_STATE", {Reason::producer, Remedy::rebuild}},
};

/// librdkafka's own codes are negative; what a broker says may be a row's fault.
Verdict unexpected(rd_kafka_resp_err_t code) {
  return {Reason::other, code > 0 ? Remedy::isolate : Remedy::rebuild};
}

}  // namespace

TEST_CASE("every error code of the library has its verdict", "[classify]") {
  const rd_kafka_err_desc* codes = nullptr;
  std::size_t count = 0;
  rd_kafka_get_err_descs(&codes, &count);
  std::size_t listed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (codes[i].name == nullptr || codes[i].code == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    CAPTURE(codes[i].name);
    const Failure failure = classify(codes[i].code, Origin::delivery);
    const auto found = expected_verdicts.find(codes[i].name);
    if (found != expected_verdicts.end()) ++listed;
    CHECK(Verdict{failure.reason, failure.remedy} ==
          (found == expected_verdicts.end() ? unexpected(codes[i].code) : found->second));
  }
  CHECK(listed == expected_verdicts.size());
}

TEST_CASE("no delivery report about a whole request parks a row", "[classify]") {
  for (int code = -200; code < 200; ++code) {
    CAPTURE(code);
    CHECK(classify(static_cast<rd_kafka_resp_err_t>(code), Origin::delivery).remedy != Remedy::park);
  }
}

TEST_CASE("about a record that was alone nothing is left to isolate, where a reason is given", "[classify]") {
  for (int number = -200; number < 200; ++number) {
    CAPTURE(number);
    const auto code = static_cast<rd_kafka_resp_err_t>(number);
    const Failure of_request = classify(code, Origin::delivery);
    const bool is_guilty = of_request.remedy == Remedy::isolate && of_request.reason != Reason::other;
    CHECK(classify(code, Origin::probe).remedy == (is_guilty ? Remedy::park : of_request.remedy));
  }
}

TEST_CASE("what a broker says without a row isolates none", "[classify]") {
  for (int number = -200; number < 200; ++number) {
    CAPTURE(number);
    const auto code = static_cast<rd_kafka_resp_err_t>(number);
    CHECK(classify(code, Origin::producer).remedy != Remedy::isolate);
    CHECK(classify(code, Origin::topic).remedy != Remedy::isolate);
  }
}

TEST_CASE("the same code about one record, a batch and a topic", "[classify]") {
  constexpr auto too_large = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  CHECK(classify(too_large, Origin::delivery).remedy == Remedy::isolate);
  CHECK(classify(too_large, Origin::probe).remedy == Remedy::park);
  CHECK(classify(too_large, Origin::produce).remedy == Remedy::park);
  constexpr auto invalid_name = RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
  CHECK(classify(invalid_name, Origin::delivery).remedy == Remedy::isolate);
  CHECK(classify(invalid_name, Origin::topic).remedy == Remedy::hold_topic);
  constexpr auto no_login = RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED;
  CHECK(classify(no_login, Origin::topic).remedy == Remedy::operate);
}

TEST_CASE("a failure says what happened and what to change", "[classify]") {
  const Failure plain = classify(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Origin::delivery);
  CHECK(plain.message == "kafka: TOPIC_AUTHORIZATION_FAILED: Broker: Topic authorization failed");
  CHECK(plain.hint == "grant the relay's principal Write and Describe on the topic");
  const Failure detailed =
      classify(RD_KAFKA_RESP_ERR__TRANSPORT, Origin::producer, "127.0.0.1:9/bootstrap: refused");
  CHECK(detailed.message == "kafka: _TRANSPORT: 127.0.0.1:9/bootstrap: refused");
}

TEST_CASE("a SCRAM login that an old library cannot make is told so", "[classify]") {
  const Failure scram =
      classify(RD_KAFKA_RESP_ERR__AUTHENTICATION, Origin::producer,
               "SASL authentication error: invalid credentials with SASL mechanism SCRAM-SHA-256");
  const bool tells = scram.hint.find("cannot log in to Kafka 4 with SCRAM") != std::string::npos;
  CHECK(tells == !can_log_in_to_kafka_4_with_scram());
  const Failure plain = classify(RD_KAFKA_RESP_ERR__AUTHENTICATION, Origin::producer,
                                 "invalid credentials with SASL mechanism PLAIN");
  CHECK(plain.hint == "check `sasl.username`, the password and `sasl.mechanism` in `kafka.properties`");
}
