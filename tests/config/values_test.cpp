#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("a duration is a whole number and a unit", "[config]") {
  const std::vector<Case> cases = {
      {"no unit",
       R"(    poll_interval: 500
)",
       R"(relay.yaml:10:20: `500` needs a unit: ms, s, m, h or d
        poll_interval: 500
                       ^
  hint: for example `500ms`
)"},
      {"an unknown unit",
       R"(    poll_interval: 5sec
)",
       R"(relay.yaml:10:20: `5sec` is not a whole number and a unit: ms, s, m, h or d (did you mean `s`?)
        poll_interval: 5sec
                       ^
  hint: for example `500ms`
)"},
      {"a unit that is too small",
       R"(    poll_interval: 5us
)",
       R"(relay.yaml:10:20: `5us` is not a whole number and a unit: ms, s, m, h or d
        poll_interval: 5us
                       ^
  hint: for example `500ms`
)"},
      {"a text",
       R"(    poll_interval: fast
)",
       R"(relay.yaml:10:20: `fast` is not a whole number and a unit: ms, s, m, h or d
        poll_interval: fast
                       ^
  hint: for example `500ms`
)"},
      {"negative",
       R"(    poll_interval: -5s
)",
       R"(relay.yaml:10:20: `-5s` is not a whole number and a unit: ms, s, m, h or d
        poll_interval: -5s
                       ^
  hint: for example `500ms`
)"},
      {"a fraction",
       R"(    poll_interval: 0.5s
)",
       R"(relay.yaml:10:20: `0.5s` is not a whole number and a unit: ms, s, m, h or d
        poll_interval: 0.5s
                       ^
  hint: for example `500ms`
)"},
      {"below the least",
       R"(    poll_interval: 0ms
)",
       R"(relay.yaml:10:20: `0ms` is too small: `poll_interval` is at least `1ms`
        poll_interval: 0ms
                       ^
)"},
      {"above the most",
       R"(    poll_interval: 2h
)",
       R"(relay.yaml:10:20: `2h` is too large: `poll_interval` is at most `1h`
        poll_interval: 2h
                       ^
)"},
      {"more than 64 bits",
       R"(    poll_interval: 99999999999999999999d
)",
       R"(relay.yaml:10:20: `99999999999999999999d` is too large
        poll_interval: 99999999999999999999d
                       ^
  hint: for example `500ms`
)"},
      {"more than 64 bits in milliseconds",
       R"(    poll_interval: 9223372036854775807d
)",
       R"(relay.yaml:10:20: `9223372036854775807d` is too large
        poll_interval: 9223372036854775807d
                       ^
  hint: for example `500ms`
)"},
      {"a leading zero",
       R"(    poll_interval: 012ms
)",
       R"(relay.yaml:10:20: `012ms` has a leading zero
        poll_interval: 012ms
                       ^
  hint: leave it out: some readers take it for octal
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a size is a whole number and a binary unit", "[config]") {
  const std::vector<Case> cases = {
      {"no unit",
       R"(    in_flight_bytes: 33554432
)",
       R"(relay.yaml:10:22: `33554432` needs a unit: B, KiB, MiB or GiB
        in_flight_bytes: 33554432
                         ^
  hint: for example `32MiB`
)"},
      {"a decimal unit",
       R"(    in_flight_bytes: 32MB
)",
       R"(relay.yaml:10:22: `32MB` is not a whole number and a unit: B, KiB, MiB or GiB (did you mean `MiB`?)
        in_flight_bytes: 32MB
                         ^
  hint: for example `32MiB`
)"},
      {"too small to hold a page",
       R"(    in_flight_bytes: 64KiB
)",
       R"(relay.yaml:10:22: `64KiB` is too small: `in_flight_bytes` is at least `1MiB`
        in_flight_bytes: 64KiB
                         ^
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a number is written in decimal digits alone", "[config]") {
  const std::vector<Case> cases = {
      {"a unit",
       R"(    page_rows: 1000rows
)",
       R"(relay.yaml:10:16: `1000rows` is not a whole number
        page_rows: 1000rows
                   ^
  hint: for example `1000`
)"},
      {"octal to some",
       R"(    page_rows: 012
)",
       R"(relay.yaml:10:16: `012` has a leading zero
        page_rows: 012
                   ^
  hint: leave it out: some readers take it for octal
)"},
      {"hexadecimal",
       R"(    page_rows: 0x10
)",
       R"(relay.yaml:10:16: `0x10` is not a whole number
        page_rows: 0x10
                   ^
  hint: for example `1000`
)"},
      {"separators",
       R"(    page_rows: 1_000
)",
       R"(relay.yaml:10:16: `1_000` is not a whole number
        page_rows: 1_000
                   ^
  hint: for example `1000`
)"},
      {"below the least",
       R"(    page_rows: 0
)",
       R"(relay.yaml:10:16: `0` is too small: `page_rows` is at least `1`
        page_rows: 0
                   ^
)"},
      {"above the most",
       R"(    page_rows: 100001
)",
       R"(relay.yaml:10:16: `100001` is too large: `page_rows` is at most `100000`
        page_rows: 100001
                   ^
)"},
      {"more than 64 bits",
       R"(    page_rows: 99999999999999999999
)",
       R"(relay.yaml:10:16: `99999999999999999999` is too large
        page_rows: 99999999999999999999
                   ^
  hint: for example `1000`
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a value has the type of its option", "[config]") {
  const std::vector<Case> cases = {
      {"a list for a number",
       R"(    page_rows: [1000]
)",
       R"(relay.yaml:10:16: `page_rows` needs a single value, not a list
        page_rows: ***
                   ^
)"},
      {"a mapping for a number",
       R"(    page_rows: {rows: 1000}
)",
       R"(relay.yaml:10:16: `page_rows` needs a single value, not a mapping
        page_rows: ***
                   ^
)"},
      {"nothing",
       R"(    page_rows:
)",
       R"(relay.yaml:10:5: `page_rows` needs a value
        page_rows:
        ^
)"},
      {"null",
       R"(    page_rows: ~
)",
       R"(relay.yaml:10:5: `page_rows` needs a value
        page_rows: ~
        ^
)"},
      {"an empty text for a number",
       R"(    page_rows: ""
)",
       R"(relay.yaml:10:16: an empty value is not a whole number
        page_rows: ""
                   ^
  hint: for example `1000`
)"},
      {"an empty text",
       R"(    message_id_header: ""
)",
       R"(relay.yaml:10:24: an empty value is not allowed here
        message_id_header: ""
                           ^
)"},
      {"an unknown choice",
       R"(    completion: deleted
)",
       R"(relay.yaml:10:17: `deleted` is not one of `mark`, `delete` (did you mean `delete`?)
        completion: deleted
                    ^
)"},
      {"a choice far from all",
       R"(    publish_after: commit
)",
       R"(relay.yaml:10:20: `commit` is not one of `flushed`, `visible`
        publish_after: commit
                       ^
)"},
      {"a boolean for a choice",
       R"(    completion: true
)",
       R"(relay.yaml:10:17: `true` is not one of `mark`, `delete`
        completion: true
                    ^
)"},
      {"a text for a list",
       R"(    extra_columns: tenant
)",
       R"(relay.yaml:10:20: `extra_columns` needs a list, not a single value
        extra_columns: ***
                       ^
  hint: write `[]` for none
)"},
      {"nothing for a list",
       R"(    extra_columns:
)",
       R"(relay.yaml:10:5: `extra_columns` needs a list
        extra_columns:
        ^
  hint: write `[]` for none
)"},
      {"a list in a list",
       R"(    extra_columns: [tenant, [a]]
)",
       R"(relay.yaml:10:29: an item of `extra_columns` needs a single value, not a list
        extra_columns: [tenant, [a]]
                                ^
)"},
      {"an empty text in a list",
       R"(    extra_columns: [""]
)",
       R"(relay.yaml:10:21: an empty value is not a name that PostgreSQL takes: 1 to 63 bytes
        extra_columns: [""]
                        ^
)"},
      {"a list for a mapping",
       R"(    headers: [a]
)",
       R"(relay.yaml:10:14: `headers` needs a mapping, not a list
        headers: ***
                 ^
  hint: write `{}` for none
)"},
      {"a mapping in a mapping",
       R"(    headers:
      a: {b: c}
)",
       R"(relay.yaml:11:10: `a` needs a single value, not a mapping
          a: {b: c}
             ^
)"},
      {"a header twice",
       R"(    headers:
      a: b
      a: c
)",
       R"(relay.yaml:12:7: `a` is here twice, first in line 11
          a: c
          ^
)"},
      {"a header without a name",
       R"(    headers:
      "": c
)",
       R"(relay.yaml:11:7: an empty name is not allowed here
          "": c
          ^
)"},
      {"a text for the columns",
       R"(    columns: id
)",
       R"(relay.yaml:10:14: `columns` needs a mapping of options
        columns: ***
                 ^
)"},
  };
  check_each(cases, with_outbox);
}
