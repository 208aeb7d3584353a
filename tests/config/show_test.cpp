#include "config/show.h"

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config;
using namespace outbox_relay::config::testing;

namespace {

constexpr std::string_view connection = "host=db user=relay";

std::string shown(std::string text, const Variables& variables = {}) {
  return to_yaml(loaded(std::move(text), variables), connection);
}

}  // namespace

TEST_CASE("the defaults are a right configuration, and what a file without a word has", "[config]") {
  const std::string smallest = R"(postgres: {connection: "host=db"}
kafka: {properties: {bootstrap.servers: "127.0.0.1:9092"}}
outboxes: [{name: orders, table: public.outbox, topic: "orders.{aggregatetype}"}]
)";
  CHECK(shown(default_yaml()) == shown(smallest));
}

TEST_CASE("every option stands in the defaults with what it means", "[config]") {
  const std::string text = default_yaml();
  CHECK(text.find("  # time a connection may take to be ready; 100ms to 10m\n  connect_timeout: 10s\n") !=
        std::string::npos);
  CHECK(text.find(
            "    # what happens to a row that Kafka acknowledged; mark | delete\n    completion: mark\n") !=
        std::string::npos);
}

TEST_CASE("what is shown means the same when it is read again", "[config]") {
  const std::string once = shown(R"(postgres: {connection: "host=db", connect_timeout: 90s}
kafka: {properties: {bootstrap.servers: "${BROKERS}", client.id: 'say "a\b$$c"'}}
outboxes:
  - {name: orders, table: '"Weird ""S"".x".t', topic: "o.{aggregatetype}", extra_columns: ["null", type],
     headers: {source: "100%", "{x}": "{{{type}"}, allowed_topics: [o.a, "o.b*"], in_flight_bytes: 48MiB}
  - {name: audit, table: public.audit, topic: t, completion: delete, refused: halt}
http: {listen: "[::1]:0"}
)",
                                 {{"BROKERS", "a:1,b:${2}"}});
  CHECK(once.find("    bootstrap.servers: \"a:1,b:$${2}\"\n") != std::string::npos);
  CHECK(once.find("    client.id: \"say \\\"a\\\\b$$c\\\"\"\n") != std::string::npos);
  CHECK(once.find("  connect_timeout: 90s\n") != std::string::npos);
  CHECK(once.find("    in_flight_bytes: 48MiB\n") != std::string::npos);
  CHECK(once.find("    extra_columns: [\"null\", type, aggregatetype]\n") != std::string::npos);
  CHECK(once.find("  listen: \"[::1]:0\"\n") != std::string::npos);
  CHECK(shown(once) == once);
}

TEST_CASE("characters that a terminal would obey are shown escaped", "[config]") {
  const std::string once = shown(with_property("    client.id: \"ä\\a\\x7f\\x85\\r\\n\"\n"));
  CHECK(once.find("    client.id: \"ä\\x07\\x7F\\x85\\x0D\\n\"\n") != std::string::npos);
  CHECK(shown(once) == once);
}

TEST_CASE("no secret is shown", "[config]") {
  const std::string text =
      shown(with_property("    sasl.username: relay\n    sasl.password: canary\n"
                          "    ssl.key.password: \"${CANARY}\"\n    ssl.key.pem: canary\n"
                          "    sasl.oauthbearer.client.secret: canary\n"),
            {{"CANARY", "canary"}});
  CHECK(text.find("canary") == std::string::npos);
  CHECK(text.find("    sasl.password: \"<redacted>\"\n") != std::string::npos);
  CHECK(text.find("    sasl.username: relay\n") != std::string::npos);
  CHECK(text.find("  connection: \"host=db user=relay\"\n") != std::string::npos);
}
