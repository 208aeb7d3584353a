#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config;
using namespace outbox_relay::config::testing;

namespace {

/// What happens to refused rows of a second outbox with these options.
Refused refused_by(const std::string& outbox) {
  const Config config = loaded(with_outbox("  - {name: second, table: a.b, " + outbox + "}\n"));
  REQUIRE(config.outboxes.size() == 2);
  return config.outboxes[1].refused;
}

}  // namespace

TEST_CASE("refused rows are parked, unless the table has no columns for that", "[config]") {
  CHECK(refused_by("topic: t") == Refused::park);
  CHECK(refused_by("topic: t, columns: {attempts: null}") == Refused::halt);
  CHECK(refused_by("preset: debezium") == Refused::halt);
  CHECK(refused_by("preset: debezium, columns: {parked_at: p, attempts: a, last_error: e}") == Refused::park);
  CHECK(refused_by("preset: none, topic: t, columns: {id: i, payload: p, sent: s}") == Refused::halt);
}

TEST_CASE("what is given about refused rows stands, whatever columns there are", "[config]") {
  CHECK(refused_by("topic: t, refused: halt") == Refused::halt);
  CHECK(refused_by("preset: debezium, refused: dead_letter, dead_letter_topic: dead") ==
        Refused::dead_letter);
  CHECK(refused_by("topic: t, refused: dead_letter, dead_letter_topic: dead") == Refused::dead_letter);
  CHECK(refused_by("topic: t, refused: park, parked_key: skip") == Refused::park);
}

TEST_CASE("parking needs columns to write to", "[config]") {
  const std::vector<Case> cases = {
      {"none of them",
       R"(  - {name: a, table: a.b, preset: debezium, refused: park}
)",
       R"(relay.yaml:10:54: `refused: park` needs columns for `parked_at`, `attempts`, `last_error`
      - {name: a, table: a.b, preset: debezium, refused: park}
                                                         ^
  hint: name them in `columns`, after adding them to the table; or write `refused: dead_letter` or `refused: halt`
)"},
      {"only some of them",
       R"(    refused: park
    columns: {last_error: null}
)",
       R"(relay.yaml:10:14: `refused: park` needs columns for `last_error`
        refused: park
                 ^
  hint: name them in `columns`, after adding them to the table; or write `refused: dead_letter` or `refused: halt`
)"},
      {"a column for two things",
       R"(    columns: {attempts: id}
)",
       R"(relay.yaml:10:25: `id` has another role already, and the relay would overwrite it
        columns: {attempts: id}
                            ^
)"},
      {"a key that nothing holds",
       R"(    refused: halt
    parked_key: skip
)",
       R"(relay.yaml:11:17: `parked_key: skip` means nothing without `refused: park`
        parked_key: skip
                    ^
  hint: leave it out
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("dead letters need a topic of their own", "[config]") {
  const std::vector<Case> cases = {
      {"none",
       R"(    refused: dead_letter
)",
       R"(relay.yaml:10:14: `refused: dead_letter` needs a `dead_letter_topic`
        refused: dead_letter
                 ^
)"},
      {"a topic without dead letters",
       R"(    dead_letter_topic: dead
)",
       R"(relay.yaml:10:24: `dead_letter_topic` means nothing without `refused: dead_letter`
        dead_letter_topic: dead
                           ^
)"},
      {"a name that Kafka does not take",
       R"(    refused: dead_letter
    dead_letter_topic: "dead.{type}"
)",
       R"(relay.yaml:11:24: `dead.{type}` is not a topic that Kafka takes
        dead_letter_topic: "dead.{type}"
                           ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
)"},
      {"the topic that refused them",
       R"(  - {name: a, table: a.b, topic: audit, refused: dead_letter, dead_letter_topic: audit}
)",
       R"(relay.yaml:10:82: `audit` is the `topic` of the outbox itself
      - {name: a, table: a.b, topic: audit, refused: dead_letter, dead_letter_topic: audit}
                                                                                     ^
  hint: name another topic: what the one refuses the other must take
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a lease needs a place to be written to", "[config]") {
  const std::string without =
      "kafka: {properties: {bootstrap.servers: b}}\n"
      "postgres: {connection: \"host=db\", control_schema: null}\n"
      "outboxes: [{name: a, table: a.b, topic: t, coordination: ";
  CHECK(problems(without + "lease}]\n") ==
        R"(relay.yaml:3:58: `coordination: lease` needs `postgres.control_schema`
    outboxes: [{name: a, table: a.b, topic: t, coordination: lease}]
                                                             ^
  hint: name the schema that deploy/sql/control.sql made
)");
  CHECK(problems(without + "advisory_lock}]\n") == "");
  CHECK(problems(with_outbox("    coordination: lease\n")) == "");
}

TEST_CASE("a lease is not renewed by what a crash may take back", "[config]") {
  const std::string lease = "    coordination: lease\n";
  CHECK(problems(with_outbox(lease + "    completion_commit: asynchronous\n")) ==
        R"(relay.yaml:11:24: `completion_commit: asynchronous` does not go with `coordination: lease`
        completion_commit: asynchronous
                           ^
  hint: leave it out: each completion renews the lease, and a crash of the database must not take that back
)");
  CHECK(problems(with_outbox(lease + "    completion_commit: synchronous\n")) == "");
  CHECK(problems(with_outbox("    completion_commit: asynchronous\n")) == "");
}

TEST_CASE("a grace of nothing would refuse the rows of each new topic", "[config]") {
  CHECK(problems(with_outbox("    topic_grace: 0s\n")) ==
        R"(relay.yaml:10:18: `0s` is too small: `topic_grace` is at least `1s`
        topic_grace: 0s
                     ^
)");
  CHECK(problems(with_outbox("    topic_grace: 10m\n")) == "");
}
