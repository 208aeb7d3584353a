#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("a file has something in it", "[config]") {
  const std::vector<Case> cases = {
      {"empty", R"()",
       R"(relay.yaml:1:1: the file is empty
  hint: a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`
)"},
      {"a comment",
       R"(# nothing
)",
       R"(relay.yaml:1:1: the file is empty
  hint: a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`
)"},
      {"an empty document",
       R"(---
)",
       R"(relay.yaml:2:1: the file is empty
  hint: a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`
)"},
      {"a text",
       R"(host=db
)",
       R"(relay.yaml:1:1: the file needs a mapping of options
    ***
    ^
  hint: a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`
)"},
      {"a list",
       R"(- a
)",
       R"(relay.yaml:1:1: the file needs a mapping of options
    ***
    ^
  hint: a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`
)"},
  };
  check_each(cases, as_it_is);
}

TEST_CASE("a file is YAML", "[config]") {
  const std::vector<Case> cases = {
      {"a quote that is not closed",
       R"(postgres:
  connection: "host=db
kafka:
  properties: {}
)",
       R"(relay.yaml:2:15: not YAML: this quote is never closed
      connection: ***
                  ^
)"},
      {"a tab",
       R"(postgres:
	connection: x
)",
       R"(relay.yaml:2:12: not YAML: illegal map value
     connection: ***
               ^
  hint: quote a value with `: ` in it, indent the keys of a mapping alike, and with spaces
)"},
      {"two colons",
       R"(outboxes:
  - name: a
    poll_interval: 5s: 3
)",
       R"(relay.yaml:3:22: not YAML: illegal map value
        poll_interval: 5s: 3
                         ^
  hint: quote a value with `: ` in it, indent the keys of a mapping alike, and with spaces
)"},
      {"a key further right",
       R"(postgres:
  connect_timeout: 5s
   statement_timeout: 5s
)",
       R"(relay.yaml:3:21: not YAML: illegal map value
       statement_timeout: 5s
                        ^
  hint: quote a value with `: ` in it, indent the keys of a mapping alike, and with spaces
)"},
      {"a brace that is not closed",
       R"(outboxes: [
  {name: a
)",
       R"(relay.yaml:3:1: not YAML: end of map flow not found
  hint: a `{` is not closed
)"},
      {"an escape that is none",
       R"(log:
  level: "a\qb"
)",
       R"(relay.yaml:2:14: not YAML: unknown escape character
      level: "a\qb"
                 ^
)"},
      {"an alias of nothing",
       R"(log:
  level: *nope
)",
       R"(relay.yaml:2:10: not YAML: the referenced anchor is not defined
      level: *nope
             ^
)"},
      {"a comma in front",
       R"(, log:
  level: info
)",
       R"(relay.yaml:1:1: not YAML: the file should end here, but goes on
    ***
    ^
)"},
      {"text behind a list",
       R"([]
log:
  level: info
)",
       R"(relay.yaml:2:1: not YAML: the file should end here, but goes on
    log:
    ^
)"},
      {"a control character",
       R"(log: 
)",
       R"(relay.yaml:1:6: the file has a byte here that is neither UTF-8 nor a printable character
    log: ***
         ^
)"},
      {"a control character of two bytes", "log: \xC2\x9B\n",
       R"(relay.yaml:1:6: the file has a byte here that is neither UTF-8 nor a printable character
    log: ***
         ^
)"},
  };
  check_each(cases, as_it_is);
}

TEST_CASE("parts of YAML that make values hard to find are left out", "[config]") {
  const std::vector<Case> cases = {
      {"a merge key",
       R"(<<: {a: b}
)",
       R"(relay.yaml:10:1: merge keys are not supported
    ***
    ^
  hint: write the keys out
)"},
      {"an anchor",
       R"(drain_timeout: &t 5s
)",
       R"(relay.yaml:10:16: anchors are not supported
    drain_timeout: &t 5s
                   ^
  hint: write the value out wherever it is needed
)"},
      {"an alias",
       R"(drain_timeout: &t 5s
log: *t
)",
       R"(relay.yaml:10:16: anchors are not supported
    drain_timeout: &t 5s
                   ^
  hint: write the value out wherever it is needed
relay.yaml:11:6: aliases are not supported
    log: *t
         ^
  hint: write the value out
)"},
      {"a tag",
       R"(drain_timeout: !!str 5s
)",
       R"(relay.yaml:10:16: tags are not supported
    drain_timeout: !!str 5s
                   ^
  hint: leave it out: every option knows its type
)"},
      {"a key that is no text",
       R"(? [a, b]
: c
)",
       R"(relay.yaml:10:3: a key must be a text
    ? ***
      ^
)"},
      {"a second document",
       R"(---
log: {}
)",
       R"(relay.yaml:10:1: a configuration is one YAML document, and a second one begins here
    ---
    ^
)"},
  };
  check_each(cases, with_outbox);
}
