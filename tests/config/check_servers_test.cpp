#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("properties that are not the user's are refused", "[config]") {
  const std::vector<Case> cases = {
      {"acks",
       R"(    acks: 1
)",
       R"(relay.yaml:6:5: `acks` belongs to the relay: it waits for all in-sync replicas, for as long as that takes
        acks: ***
        ^
  hint: leave it out
)"},
      {"request.required.acks",
       R"(    request.required.acks: 1
)",
       R"(relay.yaml:6:5: `request.required.acks` belongs to the relay: it waits for all in-sync replicas, for as long as that takes
        request.required.acks: ***
        ^
  hint: leave it out
)"},
      {"topic.acks",
       R"(    topic.acks: 1
)",
       R"(relay.yaml:6:5: `topic.acks` belongs to the relay: it waits for all in-sync replicas, for as long as that takes
        topic.acks: ***
        ^
  hint: leave it out
)"},
      {"enable.idempotence",
       R"(    enable.idempotence: false
)",
       R"(relay.yaml:6:5: `enable.idempotence` belongs to the relay: the order of rows depends on it
        enable.idempotence: ***
        ^
  hint: leave it out
)"},
      {"enable.gapless.guarantee",
       R"(    enable.gapless.guarantee: false
)",
       R"(relay.yaml:6:5: `enable.gapless.guarantee` belongs to the relay: the order of rows depends on it
        enable.gapless.guarantee: ***
        ^
  hint: leave it out
)"},
      {"max.in.flight",
       R"(    max.in.flight: 1
)",
       R"(relay.yaml:6:5: `max.in.flight` belongs to the relay: the order of rows depends on it
        max.in.flight: ***
        ^
  hint: leave it out
)"},
      {"max.in.flight.requests.per.connection",
       R"(    max.in.flight.requests.per.connection: 1
)",
       R"(relay.yaml:6:5: `max.in.flight.requests.per.connection` belongs to the relay: the order of rows depends on it
        max.in.flight.requests.per.connection: ***
        ^
  hint: leave it out
)"},
      {"retries",
       R"(    retries: 3
)",
       R"(relay.yaml:6:5: `retries` belongs to the relay: it waits for all in-sync replicas, for as long as that takes
        retries: ***
        ^
  hint: leave it out
)"},
      {"message.send.max.retries",
       R"(    message.send.max.retries: 3
)",
       R"(relay.yaml:6:5: `message.send.max.retries` belongs to the relay: it waits for all in-sync replicas, for as long as that takes
        message.send.max.retries: ***
        ^
  hint: leave it out
)"},
      {"delivery.timeout.ms",
       R"(    delivery.timeout.ms: 3
)",
       R"(relay.yaml:6:5: `delivery.timeout.ms` belongs to the relay: it waits for all in-sync replicas, for as long as that takes
        delivery.timeout.ms: ***
        ^
  hint: leave it out
)"},
      {"message.timeout.ms",
       R"(    message.timeout.ms: 3
)",
       R"(relay.yaml:6:5: `message.timeout.ms` belongs to the relay: it waits for all in-sync replicas, for as long as that takes
        message.timeout.ms: ***
        ^
  hint: leave it out
)"},
      {"transactional.id",
       R"(    transactional.id: x
)",
       R"(relay.yaml:6:5: `transactional.id` belongs to the relay: transactions are a mode of later versions
        transactional.id: ***
        ^
  hint: leave it out
)"},
      {"delivery.report.only.error",
       R"(    delivery.report.only.error: true
)",
       R"(relay.yaml:6:5: `delivery.report.only.error` belongs to the relay: it needs the report of every record
        delivery.report.only.error: ***
        ^
  hint: leave it out
)"},
      {"queuing.strategy",
       R"(    queuing.strategy: lifo
)",
       R"(relay.yaml:6:5: `queuing.strategy` belongs to the relay: the order of rows depends on it
        queuing.strategy: ***
        ^
  hint: leave it out
)"},
      {"log.queue",
       R"(    log.queue: false
)",
       R"(relay.yaml:6:5: `log.queue` belongs to the relay: it needs the report of every record
        log.queue: ***
        ^
  hint: leave it out
)"},
      {"dr_msg_cb",
       R"(    dr_msg_cb: x
)",
       R"(relay.yaml:6:5: `dr_msg_cb` can only be set by a program
        dr_msg_cb: ***
        ^
  hint: leave it out
)"},
      {"opaque",
       R"(    opaque: x
)",
       R"(relay.yaml:6:5: `opaque` can only be set by a program
        opaque: ***
        ^
  hint: leave it out
)"},
      {"plugin.library.paths",
       R"(    plugin.library.paths: /tmp/code.so
)",
       R"(relay.yaml:6:5: `plugin.library.paths` would load code into the relay
        plugin.library.paths: ***
        ^
  hint: leave it out
)"},
      {"ssl.engine.location",
       R"(    ssl.engine.location: /tmp/code.so
)",
       R"(relay.yaml:6:5: `ssl.engine.location` would load code into the relay
        ssl.engine.location: ***
        ^
  hint: leave it out
)"},
      {"sasl.kerberos.kinit.cmd",
       R"(    sasl.kerberos.kinit.cmd: rm
)",
       R"(relay.yaml:6:5: `sasl.kerberos.kinit.cmd` would run a command
        sasl.kerberos.kinit.cmd: ***
        ^
  hint: leave it out
)"},
      {"test.mock.num.brokers",
       R"(    test.mock.num.brokers: 3
)",
       R"(relay.yaml:6:5: `test.mock.num.brokers` would write to a mock instead of Kafka
        test.mock.num.brokers: ***
        ^
  hint: leave it out
)"},
      {"api.version.request",
       R"(    api.version.request: false
)",
       R"(relay.yaml:6:5: `api.version.request` could fall back to a protocol without headers and idempotence
        api.version.request: ***
        ^
  hint: leave it out
)"},
      {"topic.blacklist",
       R"(    topic.blacklist: x
)",
       R"(relay.yaml:6:5: `topic.blacklist` would hide topics from the relay
        topic.blacklist: ***
        ^
  hint: leave it out
)"},
      {"partitioner",
       R"(    partitioner: random
)",
       R"(relay.yaml:6:5: `partitioner` would scatter the rows of a key with `random`
        partitioner: ***
        ^
  hint: leave it out
)"},
  };
  check_each(cases, with_property);
}

TEST_CASE("properties are refused with a value that does harm", "[config]") {
  const std::vector<Case> cases = {
      {"a shell command in a principal",
       R"(    sasl.kerberos.principal: "a; touch /tmp/x"
)",
       R"(relay.yaml:6:5: `sasl.kerberos.principal` is pasted into a shell command: only letters, digits and `._-/@:` are safe
        sasl.kerberos.principal: ***
        ^
  hint: leave it out
)"},
      {"passwords in the log",
       R"(    debug: broker, all
)",
       R"(relay.yaml:6:5: `debug` would write passwords to the log with `conf` or `all`
        debug: ***
        ^
  hint: leave it out
)"},
  };
  check_each(cases, with_property);
}

TEST_CASE("properties with a value that does no harm are taken", "[config]") {
  const auto property =
      GENERATE("sasl.kerberos.principal: relay/host@REALM", "debug: broker,msg", "partitioner: murmur2");
  CHECK(problems(with_property("    " + std::string(property) + "\n")) == "");
}

TEST_CASE("librdkafka judges the rest", "[config]") {
  const std::vector<Case> cases = {
      {"a name it does not know",
       R"(    liner.ms: 5
)",
       R"(relay.yaml:6:5: librdkafka has no property `liner.ms` (did you mean `linger.ms`?)
        liner.ms: ***
        ^
)"},
      {"a value it refuses",
       R"(    linger.ms: soon
)",
       R"(relay.yaml:6:16: librdkafka refuses the value of `linger.ms`: Invalid value "soon" for configuration property "linger.ms"
        linger.ms: soon
                   ^
)"},
      {"a secret that it refuses",
       R"(    sasl.password: refused
)",
       R"(relay.yaml:6:20: librdkafka refuses the value of `sasl.password`
        sasl.password: ***
                       ^
)"},
      {"nothing",
       R"(    client.id:
)",
       R"(relay.yaml:6:5: this entry needs a value
        client.id:
        ^
)"},
      {"a list",
       R"(    client.id: [a]
)",
       R"(relay.yaml:6:16: `client.id` needs a single value, not a list
        client.id: ***
                   ^
)"},
  };
  check_each(cases, with_property);
}

TEST_CASE("a property is set once", "[config]") {
  const std::vector<Case> cases = {
      {"by one name",
       R"(    client.id: a
    client.id: b
)",
       R"(relay.yaml:7:5: `client.id` is here twice, first in line 6
        client.id: b
        ^
)"},
      {"by two names",
       R"(    metadata.broker.list: b:9092
)",
       R"(relay.yaml:6:5: `metadata.broker.list` is another name of `bootstrap.servers`, set in line 5
        metadata.broker.list: b:9092
        ^
)"},
      {"a password and its file",
       R"(    sasl.password: a
  sasl_password_file: /a
)",
       R"(relay.yaml:7:23: `kafka.sasl_password_file` and the property `sasl.password` are both set
      sasl_password_file: /a
                          ^
  hint: leave one of them out
)"},
      {"a key's password and its file",
       R"(    ssl.key.password: a
  ssl_key_password_file: /a
)",
       R"(relay.yaml:7:26: `kafka.ssl_key_password_file` and the property `ssl.key.password` are both set
      ssl_key_password_file: /a
                             ^
  hint: leave one of them out
)"},
  };
  check_each(cases, with_property);
}

TEST_CASE("a password file that is switched off is no second password", "[config]") {
  CHECK(problems(with_property("    sasl.password: a\n  sasl_password_file: null\n")) == "");
}

TEST_CASE("brokers and connection are there", "[config]") {
  const std::vector<Case> cases = {
      {"no brokers",
       R"(postgres: {connection: "host=a"}
kafka: {properties: {client.id: a}}
outboxes: [{name: a, table: a.b, topic: t}]
)",
       R"(relay.yaml:2:21: `bootstrap.servers` is missing in `kafka.properties`
    kafka: {properties: {client.id: a}}
                        ^
  hint: the brokers to begin with, such as `127.0.0.1:9092`
)"},
      {"empty brokers",
       R"(postgres: {connection: "host=a"}
kafka: {properties: {bootstrap.servers: ""}}
outboxes: [{name: a, table: a.b, topic: t}]
)",
       R"(relay.yaml:2:41: `bootstrap.servers` is empty
    kafka: {properties: {bootstrap.servers: ""}}
                                            ^
)"},
      {"an empty connection",
       R"(postgres: {connection: ""}
kafka: {properties: {bootstrap.servers: b}}
outboxes: [{name: a, table: a.b, topic: t}]
)",
       R"(relay.yaml:1:24: `postgres.connection` is empty
    postgres: {connection: ***
                           ^
)"},
      {"no connection string",
       R"(postgres: {connection: db}
kafka: {properties: {bootstrap.servers: b}}
outboxes: [{name: a, table: a.b, topic: t}]
)",
       R"(relay.yaml:1:24: `postgres.connection` is no connection string for libpq
    postgres: {connection: ***
                           ^
  hint: write `host=… dbname=… user=…` with spaces in values quoted, or `postgresql://user@host/dbname`
)"},
      {"two passwords",
       R"(postgres:
  connection: "host=a password=b"
  password_file: c
kafka: {properties: {bootstrap.servers: b}}
outboxes: [{name: a, table: a.b, topic: t}]
)",
       R"(relay.yaml:3:18: `postgres.password_file` is set, and `postgres.connection` has a password in it
      password_file: c
                     ^
  hint: leave one of them out
)"},
      {"an empty schema",
       R"(postgres: {connection: "host=a", control_schema: ""}
kafka: {properties: {bootstrap.servers: b}}
outboxes: [{name: a, table: a.b, topic: t}]
)",
       R"(relay.yaml:1:50: an empty value is not a name that PostgreSQL takes: 1 to 63 bytes
    postgres: {connection: ***, control_schema: ""}
                                                ^
)"},
  };
  check_each(cases, as_it_is);
}
