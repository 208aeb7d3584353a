#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("completion and columns fit each other", "[config]") {
  const std::vector<Case> cases = {
      {"mark without a column",
       R"(    columns:
      sent: null
)",
       R"(relay.yaml:11:7: `completion: mark` needs a column for `sent`
          sent: null
          ^
  hint: name it in `columns.sent`, or write `completion: delete`
)"},
      {"mark without a column, the empty way",
       R"(    columns:
      sent:
      key: k
)",
       R"(relay.yaml:11:7: `completion: mark` needs a column for `sent`
          sent:
          ^
  hint: name it in `columns.sent`, or write `completion: delete`
)"},
      {"mark without a column, in a table of one's own",
       R"(  - name: own
    preset: none
    table: a.b
    topic: t
    columns: {id: i, payload: p}
)",
       R"(relay.yaml:10:5: `completion: mark` needs a column for `sent`
      - name: own
        ^
  hint: name it in `columns.sent`, or write `completion: delete`
)"},
      {"delete with a column to mark",
       R"(    completion: delete
    columns:
      sent: sent_at
)",
       R"(relay.yaml:12:13: `columns.sent` means nothing with `completion: delete`
          sent: sent_at
                ^
  hint: leave one of them out
)"},
      {"a column for two things",
       R"(    columns:
      sent: created_at
)",
       R"(relay.yaml:11:13: `created_at` has another role already, and the relay would overwrite it
          sent: created_at
                ^
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("templates and partitions name columns that are known", "[config]") {
  const std::vector<Case> cases = {
      {"the partition",
       R"(    partition: shard
)",
       R"(relay.yaml:10:16: column `shard` has no role and is not in `extra_columns`
        partition: shard
                   ^
  hint: list it in `extra_columns` if the table has it
)"},
      {"a typing error",
       R"(    partition: aggregateidd
)",
       R"(relay.yaml:10:16: column `aggregateidd` has no role and is not in `extra_columns` (did you mean `aggregateid`?)
        partition: aggregateidd
                   ^
  hint: list it in `extra_columns` if the table has it
)"},
      {"a header",
       R"(    headers:
      tenant: "{tenant}"
)",
       R"(relay.yaml:11:15: column `tenant` has no role and is not in `extra_columns`
          tenant: "{tenant}"
                  ^
  hint: list it in `extra_columns` if the table has it
)"},
      {"the topic",
       R"(  - {name: a, table: a.b, topic: "o.{agregatetype}"}
)",
       R"(relay.yaml:10:34: column `agregatetype` has no role and is not in `extra_columns` (did you mean `aggregatetype`?)
      - {name: a, table: a.b, topic: "o.{agregatetype}"}
                                     ^
  hint: list it in `extra_columns` if the table has it
)"},
      {"a column that only the preset knows",
       R"(  - {name: a, preset: none, table: a.b, topic: "o.{type}", completion: delete, columns: {id: i, payload: p}}
)",
       R"(relay.yaml:10:48: column `type` has no role and is not in `extra_columns`
      - {name: a, preset: none, table: a.b, topic: "o.{type}", completion: delete, columns: {id: i, payload: p}}
                                                   ^
  hint: list it in `extra_columns` if the table has it
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a template is well formed", "[config]") {
  const std::vector<Case> cases = {
      {"no closing brace",
       R"(    headers:
      a: "{type"
)",
       R"(relay.yaml:11:10: `{type` has a `{` without `}`
          a: "{type"
             ^
  hint: a column is written `{column}`, a brace `{{` or `}}`
)"},
      {"no opening brace",
       R"(    headers:
      a: "type}"
)",
       R"(relay.yaml:11:10: `type}` has a `}` without `{`
          a: "type}"
             ^
  hint: a column is written `{column}`, a brace `{{` or `}}`
)"},
      {"nothing between the braces",
       R"(    headers:
      a: "{}"
)",
       R"(relay.yaml:11:10: `{}` has something between braces that cannot be a column's name
          a: "{}"
             ^
  hint: a column is written `{column}`, a brace `{{` or `}}`
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a topic is one that Kafka takes", "[config]") {
  const std::vector<Case> cases = {
      {"a space",
       R"(  - {name: a, table: a.b, topic: "a b"}
)",
       R"(relay.yaml:10:34: `a b` is not a topic that Kafka takes
      - {name: a, table: a.b, topic: "a b"}
                                     ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
)"},
      {"two dots",
       R"(  - {name: a, table: a.b, topic: ..}
)",
       R"(relay.yaml:10:34: `..` is not a topic that Kafka takes
      - {name: a, table: a.b, topic: ..}
                                     ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
)"},
      {"a brace",
       R"(  - {name: a, table: a.b, topic: "o.{{x}}"}
)",
       R"(relay.yaml:10:34: `o.{{x}}` is not a topic that Kafka takes
      - {name: a, table: a.b, topic: "o.{{x}}"}
                                     ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
)"},
      {"a slash in a template",
       R"(  - {name: a, table: a.b, topic: "o/{type}"}
)",
       R"(relay.yaml:10:34: `o/{type}` is not a topic that Kafka takes
      - {name: a, table: a.b, topic: "o/{type}"}
                                     ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
)"},
      {"250 letters",
       R"(  - {name: a, table: a.b, topic: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}
)",
       R"(relay.yaml:10:34: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…` is not a topic that Kafka takes
      - {name: a, table: a.b, topic: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…
                                     ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
)"},
      {"a mapping, for want of quotes",
       R"(  - {name: a, table: a.b, topic: {type}}
)",
       R"(relay.yaml:10:34: `topic` needs a single value, not a mapping
      - {name: a, table: a.b, topic: ***
                                     ^
)"},
      {"empty",
       R"(  - {name: a, table: a.b, topic: ""}
)",
       R"(relay.yaml:10:34: an empty value is not a topic that Kafka takes
      - {name: a, table: a.b, topic: ""}
                                     ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a row cannot choose any topic", "[config]") {
  const std::vector<Case> cases = {
      {"a template without a literal beginning",
       R"(  - {name: a, table: a.b, topic: "{type}"}
)",
       R"(relay.yaml:10:34: `{type}` lets a row choose any topic
      - {name: a, table: a.b, topic: "{type}"}
                                     ^
  hint: begin it with a literal text, such as `orders.`, or list `allowed_topics`
)"},
      {"a constant that is not allowed",
       R"(  - {name: a, table: a.b, topic: orders, allowed_topics: [order, "p*"]}
)",
       R"(relay.yaml:10:34: `orders` is not in `allowed_topics`
      - {name: a, table: a.b, topic: orders, allowed_topics: [order, "p*"]}
                                     ^
)"},
      {"patterns that nothing can reach",
       R"(    allowed_topics: [payments.*, orders.a, "orders.*", "ord*"]
)",
       R"(relay.yaml:10:22: `payments.*` is out of reach: `topic` makes no such name
        allowed_topics: [payments.*, orders.a, "orders.*", "ord*"]
                         ^
)"},
      {"patterns out of reach of the preset",
       R"(  - {name: a, table: a.b, preset: debezium, allowed_topics: [x.y]}
)",
       R"(relay.yaml:10:62: `x.y` is out of reach: `topic` makes no such name
      - {name: a, table: a.b, preset: debezium, allowed_topics: [x.y]}
                                                                 ^
)"},
      {"patterns that are none",
       R"(    allowed_topics: ["*", "a b", "", "a*b"]
)",
       R"(relay.yaml:10:22: `*` allows every topic
        allowed_topics: ["*", "a b", "", "a*b"]
                         ^
  hint: leave `allowed_topics` out, or write a `prefix*`
relay.yaml:10:27: `a b` is neither a topic nor a `prefix*`
        allowed_topics: ["*", "a b", "", "a*b"]
                              ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
relay.yaml:10:34: an empty value is neither a topic nor a `prefix*`
        allowed_topics: ["*", "a b", "", "a*b"]
                                     ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
relay.yaml:10:38: `a*b` is neither a topic nor a `prefix*`
        allowed_topics: ["*", "a b", "", "a*b"]
                                         ^
  hint: a topic has letters, digits, `.`, `_` and `-`, at most 249 of them
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("the message id header is one", "[config]") {
  const std::vector<Case> cases = {
      {"a header of the same name",
       R"(    headers:
      message-id: x
)",
       R"(relay.yaml:11:7: the header `message-id` is the message id header already
          message-id: x
          ^
  hint: name it differently, or set `message_id_header`
)"},
      {"the name of the preset's header",
       R"(    message_id_header: event-type
)",
       R"(relay.yaml:10:24: the header `event-type` is the message id header already
        message_id_header: event-type
                           ^
  hint: name it differently, or set `message_id_header`
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("limits fit each other", "[config]") {
  const std::vector<Case> cases = {
      {"the pauses",
       R"(    poll_interval: 10ms
    poll_interval_min: 1s
)",
       R"(relay.yaml:11:24: `poll_interval_min` is longer than `poll_interval`
        poll_interval_min: 1s
                           ^
)"},
      {"page and window",
       R"(    page_rows: 1000
    in_flight_rows: 500
)",
       R"(relay.yaml:10:16: `page_rows` is more than `in_flight_rows`: such a page would never fit
        page_rows: 1000
                   ^
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("outboxes are distinct", "[config]") {
  const std::vector<Case> cases = {
      {"name and table",
       R"(  - name: orders
    table: '"public"."outbox"'
    topic: t
)",
       R"(relay.yaml:10:11: `orders` is the name of the outbox in line 7 already
      - name: orders
              ^
relay.yaml:11:12: `"public"."outbox"` is the table of the outbox in line 8 already
        table: '"public"."outbox"'
               ^
)"},
      {"a name that is none",
       R"(  - {name: Orders, table: a.b, topic: t}
)",
       R"(relay.yaml:10:12: `Orders` is not a name of 1 to 63 characters out of a-z, 0-9, `_` and `-`
      - {name: Orders, table: a.b, topic: t}
               ^
)"},
  };
  check_each(cases, with_outbox);
}
