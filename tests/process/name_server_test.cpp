#include <csignal>

#include "support/catch.h"
#include "support/eventually.h"
#include "support/relay_program.h"

using namespace outbox_relay::testing;

namespace {

constexpr const char* nobody = "127.0.0.1:1";

/// A relay without servers: nothing is ever in flight.
struct Relay {
  RelayProgram program;

  Relay(const std::string& postgres_host, const std::string& brokers, const std::string& drain_timeout)
      : program(OUTBOX_RELAY_PROGRAM,
                "postgres: { connection: \"host=" + postgres_host +
                    " port=1 dbname=d user=u password=p\" }\n"
                    "kafka: { properties: { bootstrap.servers: \"" +
                    brokers +
                    "\" } }\n"
                    "http: { listen: \"127.0.0.1:0\" }\nlog: { format: logfmt }\n"
                    "drain_timeout: " +
                    drain_timeout + "\noutboxes: [{ name: orders, table: public.outbox, topic: t }]\n",
                {.environment = {"LD_PRELOAD=" HUNG_RESOLVER}, .wrapper = {}}) {}

  [[nodiscard]] bool says(const std::string& text) const {
    return eventually([&] { return program.log().find(text) != std::string::npos; });
  }
};

}  // namespace

TEST_CASE("a library that is stuck in the resolver does not keep the relay beyond drain_timeout") {
  Relay relay{"127.0.0.1", "kafka.hung:9092", "1s"};
  REQUIRE(relay.says("asked for a name under hung"));
  relay.program.process().signal(SIGTERM);
  CHECK(relay.program.process().wait() == 0);
  CHECK(relay.says("settled=true"));
  CHECK(relay.says(
      "leaving at once: a library has not ended its threads\" reason=\"drain_timeout has passed\""));
}

TEST_CASE("a second signal is obeyed while a library is stuck in the resolver") {
  Relay relay{"127.0.0.1", "kafka.hung:9092", "1h"};
  REQUIRE(relay.says("asked for a name under hung"));
  relay.program.process().signal(SIGTERM);
  REQUIRE(relay.says("settled=true"));
  relay.program.process().signal(SIGTERM);
  CHECK(relay.program.process().wait() == 0);
  CHECK(relay.says("second signal"));
}

TEST_CASE("a drained outbox is settled although PostgreSQL's name server does not answer") {
  Relay relay{"postgres.hung", nobody, "1s"};
  REQUIRE(relay.says("asked for a name under hung"));
  relay.program.process().signal(SIGTERM);
  CHECK(relay.program.process().wait() == 0);
  CHECK(relay.says("settled=true"));
}
