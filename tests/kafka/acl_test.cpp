// A real broker that grants and takes away what the relay may do.
#include "harness.h"
#include "support/catch.h"
#include "support/kafka_admin.h"
#include "support/servers.h"

using namespace outbox_relay::kafka::testing;
using outbox_relay::core::Bytes;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::relay::Accepted;
using outbox_relay::testing::KafkaAdmin;
using outbox_relay::testing::KafkaServer;

namespace {

Harness::Properties login(const std::string& user) {
  return {{"security.protocol", "SASL_PLAINTEXT"},
          {"sasl.mechanism", "PLAIN"},
          {"sasl.username", user},
          {"sasl.password", "right"}};
}

/// A broker with an administrator, and a topic that the relay may write to.
struct Rig {
  KafkaServer kafka{
      1,
      {"listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
       "sasl.enabled.mechanisms=PLAIN", "sasl.mechanism.inter.broker.protocol=PLAIN",
       "listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule "
       "required user_admin=\"right\" user_relay=\"right\";",
       "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
       "super.users=User:ANONYMOUS;User:admin"}};
  KafkaAdmin admin{kafka.bootstrap(), login("admin")};

  Rig() {
    admin.create_topic("granted");
    admin.allow("relay", "granted", RD_KAFKA_ACL_OPERATION_WRITE);
  }
};

/// Looks the topic up until it is there: the brokers need a moment to hear of an ACL.
void open_granted(Harness& harness) {
  REQUIRE(harness.until([&] {
    const std::size_t before = harness.topics.size();
    harness.sink().look_up({}, "granted");
    REQUIRE(harness.until([&] { return harness.topics.size() > before; }));
    return !harness.topics.back().failure;
  }));
}

/// Publishes a row again and again until it is acknowledged, with a new producer after each end, as the relay
/// does.
void deliver(Harness& harness, const std::string& id, bool as_suspect = false) {
  std::size_t replaced = 0;
  bool is_taken = harness.has_report(id);
  REQUIRE(harness.until([&] {
    if (harness.has_report(id) && !harness.fate(id)) return true;
    if (replaced < harness.ends.size()) {
      replaced = harness.ends.size();
      harness.rebuild();
    }
    if (!is_taken) {
      is_taken = harness.publish({.message_id = id, .is_suspect = as_suspect}).accepted == Accepted::yes;
    } else if (harness.has_report(id)) {
      harness.publish_again(id, as_suspect);
    }
    return false;
  }));
}

}  // namespace

TEST_CASE("a topic whose ACL is taken away is held, and goes on when it is back", "[acl]") {
  Rig rig;
  Harness harness{rig.kafka.bootstrap(), {}, login("relay")};
  open_granted(harness);
  deliver(harness, "before");
  const std::size_t ends_before = harness.ends.size();

  rig.admin.allow("relay", "granted", RD_KAFKA_ACL_OPERATION_DESCRIBE);
  rig.admin.no_longer_allow("relay", "granted", RD_KAFKA_ACL_OPERATION_WRITE);
  std::string suspect;
  REQUIRE(harness.until([&] {  // the brokers need a moment to hear of it
    suspect = "suspect " + std::to_string(harness.reports());
    REQUIRE(harness.publish({.message_id = suspect, .is_suspect = true}).accepted == Accepted::yes);
    REQUIRE(harness.until_reported());
    return harness.fate(suspect).has_value();
  }));
  CHECK(harness.fate(suspect)->reason == Reason::authorization);
  // Without Write on any topic a new producer gets no id; one that has an id is refused the topic.
  CHECK((harness.fate(suspect)->remedy == Remedy::operate ||
         harness.fate(suspect)->remedy == Remedy::hold_topic));

  REQUIRE(harness.publish({.message_id = "refused"}).accepted == Accepted::yes);
  REQUIRE(harness.until_reported());
  REQUIRE(harness.fate("refused"));
  CHECK(harness.fate("refused")->reason == Reason::authorization);
  CHECK(harness.fate("refused")->remedy == Remedy::hold_topic);
  REQUIRE(harness.until([&] { return harness.ends.size() == ends_before + 1; }));
  harness.rebuild();
  REQUIRE(harness.until([&] { return harness.ends.size() == ends_before + 2; }));
  CHECK(harness.ends.back().reason == Reason::authorization);
  CHECK(harness.ends.back().remedy == Remedy::operate);

  rig.admin.allow("relay", "granted", RD_KAFKA_ACL_OPERATION_WRITE);
  deliver(harness, suspect, true);
  deliver(harness, "refused");
  CHECK(harness.acknowledged() == harness.reports());
}

TEST_CASE("a topic's limit is told where the ACLs allow it, and else nothing is missing but the limit",
          "[acl]") {
  Rig rig;
  Harness harness{rig.kafka.bootstrap(), {}, login("relay")};
  open_granted(harness);
  CHECK_FALSE(harness.topics.back().largest_record);
  open_granted(harness);
  CHECK(harness.lines_with("max.message.bytes of topic granted is not known: ") == 1);
  deliver(harness, "row");

  rig.admin.allow("relay", "granted", RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS);
  REQUIRE(harness.until([&] {
    open_granted(harness);
    return harness.topics.back().largest_record == Bytes{1'048'588};
  }));
}
