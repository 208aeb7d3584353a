// A real broker that asks for a password.
#include "harness.h"
#include "kafka/version.h"
#include "support/catch.h"
#include "support/servers.h"

using namespace outbox_relay::kafka::testing;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::testing::KafkaServer;

namespace {

KafkaServer start_with_passwords() {
  return KafkaServer{
      1,
      {"listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
       "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256", "sasl.mechanism.inter.broker.protocol=PLAIN",
       "listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule "
       "required user_relay=\"right\";",
       "listener.name.client.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram."
       "ScramLoginModule required;"}};
}

Harness::Properties login(const std::string& mechanism, const std::string& password) {
  return {{"security.protocol", "SASL_PLAINTEXT"},
          {"sasl.mechanism", mechanism},
          {"sasl.username", "relay"},
          {"sasl.password", password}};
}

}  // namespace

TEST_CASE("a refused login is for the operator", "[login]") {
  const KafkaServer kafka = start_with_passwords();
  {
    INFO("the right password");
    Harness harness{kafka.bootstrap(), {}, login("PLAIN", "right")};
    harness.sink().look_up({}, "none");
    REQUIRE(harness.until([&] { return !harness.topics.empty(); }));
    CHECK(harness.topics.front().failure->reason == Reason::missing);
    CHECK(harness.troubles.empty());
  }
  {
    INFO("a wrong password");
    Harness harness{kafka.bootstrap(), {}, login("PLAIN", "hunter2")};
    harness.sink().look_up({}, "none");
    // That a look-up has no answer does not hide why, whichever is noticed first.
    const auto told_operator = [&] {
      return !harness.troubles.empty() && harness.troubles.back().remedy == Remedy::operate;
    };
    REQUIRE(harness.until(told_operator));
    CHECK(harness.troubles.back().reason == Reason::authentication);
    CHECK(harness.troubles.back().hint ==
          "check `sasl.username`, the password and `sasl.mechanism` in `kafka.properties`");
    CHECK(harness.topics.empty());
    CHECK(harness.lines_with("hunter2") == 0);
  }
  {
    INFO("SCRAM");
    Harness harness{kafka.bootstrap(), {}, login("SCRAM-SHA-256", "hunter2")};
    harness.sink().look_up({}, "none");
    REQUIRE(harness.until(
        [&] { return !harness.troubles.empty() && harness.troubles.back().remedy == Remedy::operate; }));
    const bool blames_library = harness.troubles.back().hint.find("2.6.1") != std::string::npos;
    CHECK(blames_library == !outbox_relay::kafka::can_log_in_to_kafka_4_with_scram());
  }
}
