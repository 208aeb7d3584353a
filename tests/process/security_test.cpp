// Both ends with TLS and a login, by real servers with certificates of the test's own.
#include <algorithm>
#include <fstream>

#include "shop.h"
#include "support/catch.h"
#include "support/certificates.h"

using namespace outbox_relay::testing;

namespace {

/// Must never be seen.
constexpr auto kafka_password = "canary-kafka '#1 %";

std::vector<std::string> users(const std::string& password) {
  return {
      "listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule "
      "required user_relay=\"" +
      password + "\";"};
}

/// A shop whose servers ask for TLS and a password, and the relay's way to them.
struct SecureShop {
  Certificates certificates;
  PostgresServer postgres{certificates};
  KafkaServer kafka{certificates, users(kafka_password)};
  Shop shop{postgres, kafka};

  SecureShop() {
    write("postgres", postgres.password());
    write("kafka", kafka_password);
    write("wrong", "canary-wrong");
  }

  void write(const std::string& secret, const std::string& value) const {
    std::ofstream{certificates.file(secret), std::ios::binary} << value << '\n';
  }

  [[nodiscard]] std::string servers() const {
    return "postgres:\n"
           "  connection: \"host=127.0.0.1 port=" +
           postgres.port() + " dbname=" + shop.database() +
           " user=outbox_relay sslmode=verify-full sslrootcert=" + certificates.file("ca.pem") +
           "\"\n"
           "  password_file: " +
           certificates.file("postgres") +
           "\n"
           "kafka:\n"
           "  properties:\n"
           "    bootstrap.servers: \"" +
           kafka.secure_bootstrap() +
           "\"\n"
           "    security.protocol: sasl_ssl\n"
           "    ssl.ca.location: " +
           certificates.file("ca.pem") +
           "\n"
           "    sasl.mechanism: PLAIN\n"
           "    sasl.username: relay\n"
           "  sasl_password_file: " +
           certificates.file("kafka") + "\n";
  }
  /// The same with one thing said differently.
  [[nodiscard]] std::string servers_but(const std::string& what, const std::string& instead) const {
    std::string text = servers();
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), instead);
  }
};

/// All that came out of a relay, its pages and its commands.
std::string all_that_is_said(const Shop& shop) {
  std::string said = shop.log();
  for (const char* page : {"/metrics", "/livez?verbose", "/readyz?verbose", "/", "/nowhere"}) {
    said += shop.get(page).body;
  }
  const auto listed = shop.command({"parked", "list"}, {});
  return said + listed.output + listed.errors;
}

struct Refusal {
  std::string title;
  std::string what;  ///< of the way to the servers
  std::string instead;
  std::string said;  ///< in the log
  std::string hint;
};

}  // namespace

TEST_CASE("rows pass over TLS, with certificates checked and passwords from files", "[security]") {
  SecureShop secure;
  Shop& shop = secure.shop;
  shop.start_with(secure.servers());
  shop.insert(10);
  REQUIRE(shop.is_relayed());
  CHECK(shop.records().size() == 10);
  CHECK(shop.value("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = "
                   "'outbox_relay'") == "t");
  CHECK(
      shop.value("SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'outbox_relay'") ==
      "t");
}

TEST_CASE("a wrong authority, name or password is refused at either end, and said", "[security]") {
  SecureShop secure;
  Shop& shop = secure.shop;
  const std::string ca = secure.certificates.file("ca.pem");
  const std::string other = secure.certificates.file("other-ca.pem");
  const std::string kafka_port =
      secure.kafka.secure_bootstrap().substr(secure.kafka.secure_bootstrap().find(':'));
  const std::vector<Refusal> refusals = {
      {"PostgreSQL's authority", "sslrootcert=" + ca, "sslrootcert=" + other, "certificate verify failed",
       "check sslmode and the certificates"},
      {"PostgreSQL's name", "host=127.0.0.1", "host=localhost", "does not match host name",
       "check sslmode and the certificates"},
      {"PostgreSQL without TLS", "sslmode=verify-full", "sslmode=disable", "no encryption", "pg_hba.conf"},
      {"PostgreSQL's password", secure.certificates.file("postgres"), secure.certificates.file("wrong"),
       "password authentication failed", "postgres.password_file"},
      {"Kafka's authority", "ssl.ca.location: " + ca, "ssl.ca.location: " + other,
       "certificate verify failed", "check `ssl.ca.location`"},
      {"Kafka's name", secure.kafka.secure_bootstrap(), "localhost" + kafka_port, "certificate verify failed",
       "check `ssl.ca.location`"},
      {"Kafka's password", secure.certificates.file("kafka"), secure.certificates.file("wrong"),
       "Invalid username or password", "check `sasl.username`, the password"},
  };
  shop.insert(1);
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.title);
    shop.start_with(secure.servers_but(refusal.what, refusal.instead));
    CHECK(eventually([&] { return shop.log().find(refusal.said) != std::string::npos; }));
    CHECK(eventually([&shop] { return shop.metric_of("state", ",state=\"waiting_for_operator\"") == 1; }));
    CHECK(shop.log().find(refusal.hint) != std::string::npos);
    CHECK(shop.log().find("canary") == std::string::npos);
    CHECK(shop.get("/readyz").status == 503);
    CHECK(shop.pending() == 1);
    CHECK(shop.records().empty());
  }
}

TEST_CASE("a client certificate opens the door, and its key's password comes from a file", "[security]") {
  const Certificates certificates;
  KafkaServer kafka{certificates,
                    {"listener.security.protocol.map=CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SSL",
                     "listener.name.secure.ssl.client.auth=required"}};
  Shop shop{shared_postgres(), kafka};
  std::ofstream{certificates.file("key")} << Certificates::client_key_password();
  std::ofstream{certificates.file("wrong")} << "canary-wrong";
  const std::string servers =
      "postgres:\n  connection: \"" + shop.relay_connection_string() +
      "\"\nkafka:\n  properties:\n    bootstrap.servers: \"" + kafka.secure_bootstrap() +
      "\"\n    security.protocol: ssl\n    ssl.ca.location: " + certificates.file("ca.pem");
  const std::string with_certificate =
      servers + "\n    ssl.certificate.location: " + certificates.file("client.pem") +
      "\n    ssl.key.location: " + certificates.file("client.key") + "\n  ssl_key_password_file: ";
  shop.insert(1);
  shop.start_with(servers + "\n");
  CHECK(eventually([&shop] { return shop.log().find("ertificate") != std::string::npos; }));
  CHECK(shop.pending() == 1);

  shop.start_with(with_certificate + certificates.file("wrong") + "\n");
  CHECK(shop.relay().wait() == 78);
  CHECK(shop.log().find("ssl.key.location") != std::string::npos);
  CHECK(shop.log().find("canary") == std::string::npos);

  shop.start_with(with_certificate + certificates.file("key") + "\n");
  CHECK(shop.is_relayed());
}

TEST_CASE("a password that was rotated is read again, at either end, without a restart", "[security]") {
  SecureShop secure;
  Shop& shop = secure.shop;
  shop.start_with(secure.servers());
  shop.insert(1);
  REQUIRE(shop.is_relayed());

  shop.execute(
      "ALTER ROLE outbox_relay PASSWORD 'canary-second'; SELECT pg_terminate_backend(pid) FROM "
      "pg_stat_activity WHERE usename = 'outbox_relay'");
  REQUIRE(
      eventually([&shop] { return shop.log().find("password authentication failed") != std::string::npos; }));
  secure.write("postgres", "canary-second");
  shop.insert(1);
  CHECK(shop.is_relayed());

  secure.kafka.stop();
  secure.kafka.start(users("canary-third"));
  shop.insert(1);
  REQUIRE(
      eventually([&shop] { return shop.log().find("Invalid username or password") != std::string::npos; }));
  secure.write("kafka", "canary-third");
  CHECK(shop.is_relayed());
  CHECK(shop.records().size() >= 3);
  CHECK(shop.get("/readyz").status == 200);
  CHECK(all_that_is_said(shop).find("canary") == std::string::npos);
}

TEST_CASE("no secret is seen anywhere, not even when everything is logged and fails", "[security]") {
  SecureShop secure;
  Shop& shop = secure.shop;
  const std::string connection =
      "postgresql://outbox_relay:canary-uri%40@127.0.0.1:" + secure.postgres.port() + "/" + shop.database() +
      "?sslmode=require";
  const std::string servers =
      "postgres:\n  connection: \"${DATABASE}\"\nkafka:\n  properties:\n    bootstrap.servers: \"" +
      secure.kafka.secure_bootstrap() +
      "\"\n    security.protocol: sasl_ssl\n    enable.ssl.certificate.verification: false\n    "
      "sasl.mechanism: "
      "${MECHANISM}\n    sasl.username: relay\n    sasl.password: \"${PASSWORD}\"\n    debug: "
      "\"security,broker,protocol,topic\"\n";
  const auto start = [&](const std::string& mechanism) {
    shop.start_with(servers, "",
                    {.environment = {"DATABASE=" + connection, "MECHANISM=" + mechanism,
                                     "PASSWORD=canary-environment", "LOG_LEVEL=debug"},
                     .wrapper = {}});
  };
  shop.insert(1);
  const std::string mechanism = GENERATE("PLAIN", "SCRAM-SHA-512");
  start(mechanism);
  REQUIRE(
      eventually([&shop] { return shop.log().find("password authentication failed") != std::string::npos; }));
  shop.execute("ALTER ROLE outbox_relay PASSWORD 'canary-uri@'");
  REQUIRE(eventually([&shop] { return shop.log().find("uthentication fail") != std::string::npos; }));
  REQUIRE(eventually([&shop] { return shop.log().find("_AUTHENTICATION") != std::string::npos; }));
  CHECK(shop.log().find("level=debug") != std::string::npos);
  CHECK(all_that_is_said(shop).find("canary") == std::string::npos);
}
