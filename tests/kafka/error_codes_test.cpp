// Every error that a broker can answer a produce request with (the protocol's list, of those that are about
// requests without a transaction), and what becomes of the row: in a batch, and alone.
#include <ostream>

#include "harness.h"
#include "mock_cluster.h"
#include "support/catch.h"

using namespace outbox_relay::kafka::testing;
using outbox_relay::core::Failure;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::relay::Accepted;

namespace {

/// Nothing: librdkafka tries again by itself, and the row is acknowledged.
struct Outcome {
  std::optional<std::pair<Reason, Remedy>> refusal;

  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  if (!outcome.refusal) return out << "acknowledged";
  return out << to_label(outcome.refusal->first) << '/' << static_cast<int>(outcome.refusal->second);
}

Outcome outcome_of(const std::optional<Failure>& failure) {
  return failure ? Outcome{{{failure->reason, failure->remedy}}} : Outcome{};
}

const Outcome passes{};
Outcome comes_back(Reason reason, Remedy remedy) {
  return {{{reason, remedy}}};
}

struct Case {
  rd_kafka_resp_err_t code;
  Outcome in_batch;
  Outcome alone;

  Case(rd_kafka_resp_err_t code_, Outcome both) : Case(code_, both, both) {}
  Case(rd_kafka_resp_err_t code_, Outcome in_batch_, Outcome alone_)
      : code(code_), in_batch(std::move(in_batch_)), alone(std::move(alone_)) {}
};

Case row_is_refused(rd_kafka_resp_err_t code, Reason reason) {
  return {code, comes_back(reason, Remedy::isolate), comes_back(reason, Remedy::park)};
}

/// Not INVALID_MSG: librdkafka 2.0.2 reports it, 2.8 sends the batch again by itself.
const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      // heal by themselves
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, passes},
      {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, passes},
      {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, passes},
      {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, passes},
      {RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, passes},
      {RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, passes},
      {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, passes},
      {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, passes},
      {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, passes},
      {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, passes},
      // heal, although librdkafka gives up
      {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, comes_back(Reason::connection, Remedy::retry)},
      {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, comes_back(Reason::connection, Remedy::retry)},
      {RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, comes_back(Reason::connection, Remedy::retry)},
      {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, comes_back(Reason::resources, Remedy::retry)},
      // a row's fault, of which nobody knows which
      row_is_refused(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Reason::too_large),
      row_is_refused(RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, Reason::too_large),
      row_is_refused(RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, Reason::invalid_record),
      row_is_refused(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, Reason::invalid_record),
      row_is_refused(RD_KAFKA_RESP_ERR_INVALID_RECORD, Reason::invalid_record),
      row_is_refused(RD_KAFKA_RESP_ERR_POLICY_VIOLATION, Reason::invalid_record),
      row_is_refused(RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, Reason::invalid_topic),
      // a row's, or the broker's own
      {RD_KAFKA_RESP_ERR_UNKNOWN, comes_back(Reason::other, Remedy::isolate)},
      {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, comes_back(Reason::other, Remedy::isolate)},
      {RD_KAFKA_RESP_ERR_INVALID_REQUEST, comes_back(Reason::other, Remedy::isolate)},
      // the topic's
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, comes_back(Reason::authorization, Remedy::hold_topic)},
      {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, comes_back(Reason::other, Remedy::hold_topic)},
      {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, comes_back(Reason::other, Remedy::hold_topic)},
      // the producer's
      {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, comes_back(Reason::producer, Remedy::rebuild)},
      {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, comes_back(Reason::producer, Remedy::rebuild)},
      {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, comes_back(Reason::producer, Remedy::rebuild)},
      {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, comes_back(Reason::producer, Remedy::rebuild)},
      {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, comes_back(Reason::producer, Remedy::rebuild)},
      {RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, comes_back(Reason::false_ack, Remedy::rebuild)},
      // a person's
      {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, comes_back(Reason::authorization, Remedy::operate)},
      {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, comes_back(Reason::other, Remedy::operate)},
  };
  return all;
}

}  // namespace

TEST_CASE("each error of a broker has its outcome for a batch, and a new producer goes on", "[error-codes]") {
  MockCluster cluster;
  cluster.create_topic("topic");
  for (const auto& [code, expected, alone] : cases()) {
    CAPTURE(rd_kafka_err2name(code));
    Harness harness{cluster.bootstrap()};
    harness.open_topic("topic");
    cluster.fail_next(MockCluster::produce, {code});
    REQUIRE(harness.publish({.message_id = "row"}).accepted == Accepted::yes);
    REQUIRE(harness.until_reported());
    CHECK(outcome_of(harness.fate("row")) == expected);
    if (!harness.fate("row")) {
      CHECK(harness.ends.empty());
      continue;
    }
    // A gap is the producer's end.
    const bool is_false_ack = harness.fate("row")->reason == Reason::false_ack;
    if (!is_false_ack) {
      REQUIRE(harness.until([&] { return !harness.ends.empty(); }));
      CHECK(harness.ends.front().remedy == Remedy::rebuild);
    }
    harness.rebuild();
    REQUIRE(harness.publish_again("row").accepted == Accepted::yes);
    REQUIRE(harness.until_reported());
    CHECK_FALSE(harness.fate("row"));
  }
}

TEST_CASE("each error of a broker has its outcome for a suspect, and the next suspect goes on",
          "[error-codes]") {
  MockCluster cluster;
  cluster.create_topic("topic");
  Harness harness{cluster.bootstrap()};
  harness.open_topic("topic");
  for (const auto& [code, in_batch, expected] : cases()) {
    const std::string name = rd_kafka_err2name(code);
    CAPTURE(name);
    cluster.fail_next(MockCluster::produce, {code});
    REQUIRE(harness.publish({.message_id = name, .is_suspect = true}).accepted == Accepted::yes);
    REQUIRE(harness.until_reported());
    CHECK(outcome_of(harness.fate(name)) == expected);
    REQUIRE(harness.publish({.message_id = "after " + name, .is_suspect = true}).accepted == Accepted::yes);
    REQUIRE(harness.until_reported());
    CHECK_FALSE(harness.fate("after " + name));
  }
  // What goes on with suspects is no business of the producer of the others.
  CHECK(harness.ends.empty());
  REQUIRE(harness.publish({.message_id = "innocent"}).accepted == Accepted::yes);
  REQUIRE(harness.until_reported());
  CHECK_FALSE(harness.fate("innocent"));
}
