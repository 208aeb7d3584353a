#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("an unknown key is named, with the nearest known one", "[config]") {
  const std::vector<Case> cases = {
      {"a typing error",
       R"(    pol_interval: 5s
)",
       R"(relay.yaml:10:5: unknown key `pol_interval` in `outboxes` (did you mean `poll_interval`?)
        pol_interval: ***
        ^
)"},
      {"like nothing",
       R"(    whatever: 5s
)",
       R"(relay.yaml:10:5: unknown key `whatever` in `outboxes`
        whatever: ***
        ^
)"},
      {"a role",
       R"(    columns:
      sennt: x
)",
       R"(relay.yaml:11:7: unknown key `sennt` in `columns` (did you mean `sent`?)
          sennt: ***
          ^
)"},
      {"a section",
       R"(htttp: {listen: x}
)",
       R"(relay.yaml:10:1: unknown key `htttp` (did you mean `http`?)
    htttp: ***
    ^
)"},
      {"nothing",
       R"("": x
)",
       R"(relay.yaml:10:1: unknown key
    ***
    ^
)"},
      {"a variable, which keys cannot be",
       R"(    ${KEY}: x
)",
       R"(relay.yaml:10:5: unknown key in `outboxes`
        ***
        ^
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a known key in the wrong place is told its home", "[config]") {
  const std::vector<Case> cases = {
      {"an option of a section",
       R"(    listen: "127.0.0.1:1"
)",
       R"(relay.yaml:10:5: unknown key `listen` in `outboxes`
        listen: ***
        ^
  hint: `listen` belongs in `http`
)"},
      {"an option of the top level",
       R"(    drain_timeout: 5s
)",
       R"(relay.yaml:10:5: unknown key `drain_timeout` in `outboxes`
        drain_timeout: ***
        ^
  hint: `drain_timeout` belongs at the top level
)"},
      {"an option of an outbox",
       R"(topic: orders
)",
       R"(relay.yaml:10:1: unknown key `topic`
    topic: ***
    ^
  hint: `topic` belongs in `outboxes`
)"},
      {"a role",
       R"(    sent: x
)",
       R"(relay.yaml:10:5: unknown key `sent` in `outboxes`
        sent: ***
        ^
  hint: `sent` belongs in `columns`
)"},
      {"a property",
       R"(    bootstrap.servers: x
)",
       R"(relay.yaml:10:5: unknown key `bootstrap.servers` in `outboxes`
        bootstrap.servers: ***
        ^
  hint: properties of librdkafka belong in `kafka.properties`
)"},
      {"a path with a dot",
       R"(http.listen: "127.0.0.1:1"
)",
       R"(relay.yaml:10:1: unknown key `http.listen`
    http.listen: ***
    ^
  hint: `listen` belongs in `http`
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a key stands once", "[config]") {
  const std::vector<Case> cases = {
      {"an option",
       R"(    poll_interval: 1s
    poll_interval: 2s
)",
       R"(relay.yaml:11:5: `poll_interval` is here twice, first in line 10
        poll_interval: ***
        ^
)"},
      {"a mapping of options",
       R"(    columns: {key: a}
    columns: {key: b}
)",
       R"(relay.yaml:11:5: `columns` is here twice, first in line 10
        columns: ***
        ^
)"},
      {"a section",
       R"(kafka:
  sasl_password_file: x
)",
       R"(relay.yaml:10:1: `kafka` is here twice, first in line 3
    kafka:
    ^
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a section is a mapping", "[config]") {
  const std::vector<Case> cases = {
      {"a text",
       R"(http: "127.0.0.1:80"
)",
       R"(relay.yaml:10:7: `http` needs a mapping of options
    http: ***
          ^
)"},
      {"an outbox",
       R"(  - orders
)",
       R"(relay.yaml:10:5: an item of `outboxes` needs a mapping of options
      - ***
        ^
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a section with nothing in it sets nothing", "[config]") {
  CHECK(problems(with_outbox("http:\nlog: {}\n")) == "");
}

TEST_CASE("what is required is asked for", "[config]") {
  const std::vector<Case> cases = {
      {"all of it",
       R"({}
)",
       R"(relay.yaml:1:1: `postgres.connection` is missing
    {}
    ^
  hint: any libpq connection string or URI; `PG*` variables, service and pass files work as in psql
relay.yaml:1:1: `bootstrap.servers` is missing in `kafka.properties`
    {}
    ^
  hint: the brokers to begin with, such as `127.0.0.1:9092`
relay.yaml:1:1: `outboxes` needs a list with at least one item
    {}
    ^
  hint: a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`
)"},
      {"in empty sections",
       R"(postgres:
kafka:
outboxes:
)",
       R"(relay.yaml:1:1: `postgres.connection` is missing
    postgres:
    ^
  hint: any libpq connection string or URI; `PG*` variables, service and pass files work as in psql
relay.yaml:1:1: `bootstrap.servers` is missing in `kafka.properties`
    postgres:
    ^
  hint: the brokers to begin with, such as `127.0.0.1:9092`
relay.yaml:3:1: `outboxes` needs a list with at least one item
    outboxes:
    ^
  hint: a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`
)"},
      {"an outbox at least",
       R"(postgres: {connection: "host=a"}
kafka: {properties: {bootstrap.servers: b}}
outboxes: []
)",
       R"(relay.yaml:3:11: `outboxes` needs a list with at least one item
    outboxes: []
              ^
  hint: a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`
)"},
      {"an outbox of its own table",
       R"(postgres: {connection: "host=a"}
kafka: {properties: {bootstrap.servers: b}}
outboxes:
  - preset: none
)",
       R"(relay.yaml:4:5: `name` is missing
      - preset: none
        ^
  hint: label of its metrics and log lines; unique
relay.yaml:4:5: `table` is missing
      - preset: none
        ^
  hint: the outbox table; the schema is required, names with upper case or special characters are quoted: `'"Schema"."Table"'`
relay.yaml:4:5: `columns.id` is missing
      - preset: none
        ^
  hint: order of publication: bigint or integer identity (fast path), uuid v7, ULID text
relay.yaml:4:5: `columns.payload` is missing
      - preset: none
        ^
  hint: the record's value: bytea, text, json or jsonb
relay.yaml:4:5: `topic` is missing
      - preset: none
        ^
  hint: a constant, or a template such as `orders.{aggregatetype}`; a template needs a literal prefix or `allowed_topics`
relay.yaml:4:5: `completion: mark` needs a column for `sent`
      - preset: none
        ^
  hint: name it in `columns.sent`, or write `completion: delete`
)"},
  };
  check_each(cases, as_it_is);
}
