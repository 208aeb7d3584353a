// What is wrong at real brokers, and what check makes of servers and secrets that are not there.
#include <fstream>
#include <iterator>

#include "cli/checked.h"
#include "cli/exit_code.h"
#include "core/diagnosis.h"
#include "support/eventually.h"
#include "support/kafka_admin.h"

using namespace outbox_relay;
using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

namespace {

/// A broker that asks who one is and has ACLs. `relay` may do nothing yet.
struct GuardedKafka {
  KafkaServer server{
      1,
      {"listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
       "sasl.enabled.mechanisms=PLAIN", "sasl.mechanism.inter.broker.protocol=PLAIN",
       "listener.name.client.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule "
       "required user_admin=\"right\" user_relay=\"right\";",
       "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
       "super.users=User:ANONYMOUS;User:admin"}};
  KafkaAdmin admin{server.bootstrap(),
                   {{"security.protocol", "SASL_PLAINTEXT"},
                    {"sasl.mechanism", "PLAIN"},
                    {"sasl.username", "admin"},
                    {"sasl.password", "right"}}};

  [[nodiscard]] std::string configuration(const CheckedOutbox& outbox,
                                          const std::string& password_file) const {
    return "postgres: {connection: \"" + outbox.connection_string() +
           "\"}\nkafka:\n  properties: {bootstrap.servers: \"" + server.bootstrap() +
           "\", security.protocol: SASL_PLAINTEXT, sasl.mechanism: PLAIN, sasl.username: relay}\n"
           "  sasl_password_file: " +
           password_file + "\noutboxes: [{name: orders, table: public.outbox, topic: guarded}]\n";
  }
};

}  // namespace

TEST_CASE("a topic that is missing is an error where rows go for certain, else a warning", "[cli][check]") {
  make_topic();
  const CheckedOutbox certain("", "missing");
  const auto error = certain.check();
  CHECK(error.only("kafka.topic").severity == "error");
  CHECK(contains(error.only("kafka.topic").what, "topic missing does not exist"));
  CHECK(contains(error.only("kafka.topic").fix,
                 "kafka-topics.sh --bootstrap-server BROKER --create --topic missing "));
  CHECK(error.done.code == exit_unavailable);

  const CheckedOutbox possible(", allowed_topics: [checked, missing, \"orders.*\"]", "{aggregatetype}");
  const auto warning = possible.check();
  CHECK(warning.only("kafka.topic").severity == "warning");
  CHECK(warning.done.code == exit_done);
}

TEST_CASE("the topic of dead letters is looked at, too", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox(", refused: dead_letter, dead_letter_topic: nowhere");
  CHECK(contains(outbox.check().only("kafka.topic").what, "topic nowhere does not exist"));
}

TEST_CASE("a row that is larger than its topic takes is found before Kafka refuses it", "[cli][check]") {
  shared_kafka().create_topic("narrow", 1, {{"max.message.bytes", "2000"}});
  const CheckedOutbox outbox("", "narrow");
  outbox.execute(
      "INSERT INTO outbox (aggregatetype, type, payload, sent_at) VALUES ('a', 'b', "
      "convert_to(repeat('x', 9000), 'UTF8'), now()), ('a', 'b', convert_to(repeat('x', 1900), 'UTF8'), "
      "NULL)");
  CHECK(outbox.check().of("kafka.record_size").empty());
  outbox.execute("UPDATE outbox SET sent_at = NULL");
  const auto found = outbox.check().only("kafka.record_size");
  CHECK(found.severity == "warning");
  CHECK(contains(found.what, "topic narrow takes 2000"));
}

TEST_CASE("replicas are held against min.insync.replicas", "[cli][check]") {
  shared_kafka().create_topic("demanding", 1, {{"min.insync.replicas", "2"}});
  const auto found = CheckedOutbox("", "demanding").check().only("kafka.replicas");
  CHECK(found.severity == "error");
  CHECK(contains(found.what, "topic demanding has 1 replicas, and min.insync.replicas=2"));
}

TEST_CASE("ACLs that are missing are told", "[cli][check]") {
  GuardedKafka kafka;
  kafka.admin.create_topic("guarded");
  const CheckedOutbox outbox("", "guarded", shared_postgres(), kafka.server.bootstrap());
  const ConfigFile password("right\n");
  const ConfigFile file(kafka.configuration(outbox, password.path()));

  const Checked nothing{file.path()};
  REQUIRE(!nothing.of("kafka.acls").empty());
  CHECK(nothing.of("kafka.acls").front().severity == "error");
  CHECK(nothing.done.code == exit_unavailable);

  kafka.admin.allow("relay", "guarded", RD_KAFKA_ACL_OPERATION_WRITE);
  CHECK(eventually([&] {  // brokers need a moment to hear of it
    const Checked checked{file.path()};
    const auto acls = checked.of("kafka.acls");
    return acls.size() == 1 && acls.front().severity == "warning" &&
           contains(acls.front().fix, "--operation DescribeConfigs --topic guarded");
  }));
  kafka.admin.allow("relay", "guarded", RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS);
  CHECK(eventually([&] { return Checked{file.path()}.of("kafka.acls").empty(); }));

  const ConfigFile wrong("canary\n");
  const ConfigFile refused(kafka.configuration(outbox, wrong.path()));
  const Checked login{refused.path()};
  CHECK(contains(login.only("kafka.connection").what, "uthentication"));
  CHECK(!contains(login.done.output, "canary"));
  CHECK(login.done.code == exit_unavailable);
}

TEST_CASE("servers that are away are told, each once", "[cli][check]") {
  const ConfigFile file(
      "postgres: {connection: \"host=127.0.0.1 port=1 user=relay password=canary\"}\n"
      "kafka: {properties: {bootstrap.servers: \"127.0.0.1:1\"}}\n"
      "outboxes: [{name: a, table: public.a, topic: t}, {name: b, table: public.b, topic: u}]\n");
  const Checked checked{file.path()};
  CHECK(checked.only("postgres.connection").outbox == "");
  CHECK(contains(checked.only("postgres.connection").what, "127.0.0.1"));
  CHECK(contains(checked.only("kafka.connection").what, "127.0.0.1:1"));
  CHECK(checked.found.size() == 2);
  CHECK(!contains(checked.done.output, "canary"));
  CHECK(checked.done.code == exit_unavailable);
}

TEST_CASE("a secret file that cannot be read is the configuration's fault", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  const ConfigFile file(
      outbox.configuration("host=127.0.0.1 user=relay", ", password_file: /nowhere/password"));
  const Checked checked{file.path()};
  CHECK(contains(checked.only("secrets").what, "/nowhere/password"));
  CHECK(checked.only("kafka.replicas").severity == "warning");  // Kafka was asked all the same
  CHECK(checked.done.code == exit_configuration);
}

TEST_CASE("a file that is wrong is told to machines, too", "[cli][check]") {
  const ConfigFile file("postgres: {}\n");
  const auto done = run_program({"check", "-c", file.path(), "--output", "json"});
  const auto report = boost::json::parse(done.output);
  CHECK(report.at("errors") == boost::json::value(1));
  CHECK(report.at("connected") == boost::json::value(false));
  CHECK(report.at("findings").at(0).at("check") == boost::json::value("configuration"));
  CHECK(done.code == exit_configuration);
}

TEST_CASE("deploy/README.md explains everything that check looks at", "[cli][check]") {
  std::ifstream file(OUTBOX_RELAY_DEPLOY "/README.md", std::ios::binary);
  const std::string manual{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  for (int at = 0; at <= static_cast<int>(core::last_aspect); ++at) {
    const std::string label(core::to_label(static_cast<core::Aspect>(at)));
    CAPTURE(label);
    CHECK(contains(manual, "\n| `" + label + "` |"));
  }
}
