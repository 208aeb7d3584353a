#include "support/servers.h"

#include <filesystem>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/process.h"

namespace outbox_relay::testing {
namespace {

/// Produces with kcat, so that the harness is checked against a client that is not ours.
void produce(const KafkaServer& kafka, const std::string& arguments) {
  const auto finished = run({"sh", "-c", "kcat -P -b " + kafka.bootstrap() + ' ' + arguments});
  INFO(finished.errors);
  REQUIRE(finished.code == 0);
}

TEST_CASE("a PostgreSQL server answers, with default durability", "[servers]") {
  const auto& postgres = shared_postgres();
  CHECK(postgres.value("SHOW fsync") == "on");
  CHECK(postgres.query("SELECT 1, NULL, ''") == std::vector<PostgresServer::Row>{{"1", std::nullopt, ""}});
  CHECK_THROWS_WITH(postgres.execute("SELEC 1"), contains("syntax error"));
}

TEST_CASE("the relay's role can log in and may do nothing yet", "[servers]") {
  const auto& postgres = shared_postgres();
  const auto psql =
      run({"psql", "-X", postgres.connection_string("outbox_relay"), "-c", "CREATE TABLE public.t ()"});
  CHECK_THAT(psql.errors, contains("permission denied for schema public"));
}

TEST_CASE("a crashed PostgreSQL server comes back with its data on the same port", "[servers]") {
  PostgresServer postgres{{"max_prepared_transactions=7"}};
  postgres.execute("CREATE TABLE kept AS SELECT 42 AS answer");
  const auto port = postgres.port();
  postgres.stop(PostgresServer::Stop::immediate);
  CHECK_THROWS_WITH(postgres.value("SELECT 1"), contains("Connection refused"));
  postgres.start({"work_mem=5MB"});
  CHECK(postgres.port() == port);
  CHECK(postgres.value("SELECT answer FROM kept") == "42");
  CHECK(postgres.value("SHOW max_prepared_transactions") == "7");
  CHECK(postgres.value("SHOW work_mem") == "5MB");
}

TEST_CASE("a standby follows its primary, takes no writes, and is a primary after its promotion",
          "[servers]") {
  const PostgresServer primary;
  const PostgresServer standby{PostgresServer::StandbyOf{primary}};
  primary.execute("CREATE TABLE followed AS SELECT 42 AS answer");
  CHECK(eventually([&] { return standby.value("SELECT to_regclass('followed') IS NOT NULL") == "t"; }));
  CHECK_THROWS_WITH(standby.execute("DROP TABLE followed"), contains("read-only"));
  standby.promote();
  standby.execute("UPDATE followed SET answer = 43");
  CHECK(primary.value("SELECT answer FROM followed") == "42");
}

TEST_CASE("records come back with partition, key, value, headers and the difference of NULL and empty",
          "[servers]") {
  const auto& kafka = shared_kafka();
  kafka.create_topic("facts", 3);
  produce(kafka, "-t facts -p 2 -k key -H a=1 -H b=2 -H a= <<EOF\nvalue\nEOF");
  produce(kafka, "-t facts -p 0 <<EOF\nno key\nEOF");
  produce(kafka, "-t facts -p 0 -K : <<EOF\nempty:\nEOF");
  produce(kafka, "-t facts -p 0 -K : -Z <<EOF\nnull:\nEOF");
  const auto records = kafka.consume_all("facts");
  REQUIRE(records.size() == 4);
  CHECK(records[0].partition == 0);
  CHECK(records[0].key == std::nullopt);
  CHECK(records[0].headers.empty());
  CHECK(records[1].value == "");
  CHECK(records[2].value == std::nullopt);
  CHECK(records[3].partition == 2);
  CHECK(records[3].offset == 0);
  CHECK(records[3].key == "key");
  CHECK(records[3].value == "value");
  CHECK(records[3].headers == std::vector<Header>{{"a", "1"}, {"b", "2"}, {"a", ""}});
  CHECK(records[3].timestamp > std::chrono::hours{24 * 365 * 50});
}

TEST_CASE("a topic has the properties it was created with, and is gone when deleted", "[servers]") {
  const auto& kafka = shared_kafka();
  kafka.create_topic("small", 1, {{"max.message.bytes", "1000"}});
  const auto refused =
      run({"sh", "-c",
           "head -c 5000 /dev/urandom | base64 -w 0 | kcat -P -b " + kafka.bootstrap() + " -t small"});
  CHECK_THAT(refused.errors, contains("Message size too large"));
  CHECK(kafka.consume_all("small").empty());
  kafka.delete_topic("small");
  CHECK_THROWS_WITH(kafka.create_topic("facts/1"), contains("Invalid topic"));
}

TEST_CASE("a killed broker comes back with its records on the same port", "[servers]") {
  KafkaServer kafka;
  kafka.create_topic("kept");
  produce(kafka, "-t kept <<EOF\n1\nEOF");
  const auto bootstrap = kafka.bootstrap();
  kafka.kill();
  kafka.start();
  CHECK(kafka.bootstrap() == bootstrap);
  CHECK(kafka.consume_all("kept").at(0).value == "1");
}

TEST_CASE("a topic is replicated when there are brokers for it, and outlives one of them", "[servers]") {
  const KafkaServer kafka{3, {"broker.session.timeout.ms=1500"}};
  kafka.create_topic("replicated", 1, {{"min.insync.replicas", "2"}});
  kafka.kill(3);
  produce(kafka, "-t replicated -X acks=all <<EOF\n1\nEOF");
  CHECK(kafka.consume_all("replicated").size() == 1);
}

TEST_CASE("a test that crashes leaves no server and no directory behind", "[servers]") {
  const auto directory = std::filesystem::temp_directory_path() / "outbox-relay-test-abandoned";
  {
    const Process test{{"sleep", "600"}};
    const auto started = run({OUTBOX_RELAY_TEST_SERVERS "/postgres", "start", directory.string(), "--owner",
                              std::to_string(test.id()), "--temporary"});
    INFO(started.errors);
    REQUIRE(started.code == 0);
    REQUIRE(std::filesystem::exists(directory));
  }
  CHECK(eventually([&] { return !std::filesystem::exists(directory); }));
}

}  // namespace
}  // namespace outbox_relay::testing
