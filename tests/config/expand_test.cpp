#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("a variable must be there", "[config]") {
  const std::vector<Case> cases = {
      {"not set",
       R"(    poll_interval: ${PAUSE}
)",
       R"(relay.yaml:10:20: variable `PAUSE` is not set
        poll_interval: ${PAUSE}
                       ^
  hint: set it, or write a default: `${PAUSE:-…}`
)",
       {}},
      {"not set, with a message",
       R"(    poll_interval: ${PAUSE:?say how long}
)",
       R"(relay.yaml:10:20: variable `PAUSE` is not set: say how long
        poll_interval: ${PAUSE:?say how long}
                       ^
)",
       {}},
      {"not set, with an empty message",
       R"(    poll_interval: ${PAUSE:?}
)",
       R"(relay.yaml:10:20: variable `PAUSE` is not set
        poll_interval: ${PAUSE:?}
                       ^
  hint: set it, or write a default: `${PAUSE:-…}`
)",
       {}},
      {"empty, with a message",
       R"(    poll_interval: ${PAUSE:?say how long}
)",
       R"(relay.yaml:10:20: variable `PAUSE` is empty: say how long
        poll_interval: ${PAUSE:?say how long}
                       ^
)",
       {{"PAUSE", ""}}},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a reference is well formed", "[config]") {
  const std::vector<Case> cases = {
      {"no closing brace",
       R"(    headers: {a: "x${PAUSE"}
)",
       R"(relay.yaml:10:18: the value has a `${` without `}`
        headers: {a: "x${PAUSE"}
                     ^
  hint: a dollar sign is written `$$`
)"},
      {"no braces",
       R"(    headers: {a: "$PAUSE"}
)",
       R"(relay.yaml:10:18: the value has a lone `$`
        headers: {a: "$PAUSE"}
                     ^
  hint: write `${NAME}` for a variable, `$$` for a dollar sign
)"},
      {"a dollar sign at the end",
       R"(    headers: {a: "5$"}
)",
       R"(relay.yaml:10:18: the value has a lone `$`
        headers: {a: "5$"}
                     ^
  hint: write `${NAME}` for a variable, `$$` for a dollar sign
)"},
      {"a form of the shell that is not ours",
       R"(    headers: {a: "${PAUSE-5}"}
)",
       R"(relay.yaml:10:18: the value has a `${…}` that is no variable
        headers: {a: "${PAUSE-5}"}
                     ^
  hint: write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`
)"},
      {"another one",
       R"(    headers: {a: "${PAUSE:+5}"}
)",
       R"(relay.yaml:10:18: the value has a `${…}` that is no variable
        headers: {a: "${PAUSE:+5}"}
                     ^
  hint: write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`
)"},
      {"a number",
       R"(    headers: {a: "${5}"}
)",
       R"(relay.yaml:10:18: the value has a `${…}` that is no variable
        headers: {a: "${5}"}
                     ^
  hint: write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`
)"},
      {"nothing",
       R"(    headers: {a: "${}"}
)",
       R"(relay.yaml:10:18: the value has a `${…}` that is no variable
        headers: {a: "${}"}
                     ^
  hint: write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`
)"},
      {"one in another",
       R"(    headers: {a: "${A:-${B}}"}
)",
       R"(relay.yaml:10:18: the value has a `$` inside of `${…}`
        headers: {a: "${A:-${B}}"}
                     ^
  hint: variables cannot be nested
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a variable's value is checked but never shown", "[config]") {
  const std::vector<Case> cases = {
      {"a wrong duration",
       R"(    poll_interval: ${PAUSE}
)",
       R"(relay.yaml:10:20: the value of `${PAUSE}` is not a whole number and a unit: ms, s, m, h or d
        poll_interval: ${PAUSE}
                       ^
  hint: for example `500ms`
)",
       {{"PAUSE", "canary"}}},
      {"an empty duration",
       R"(    poll_interval: ${PAUSE}
)",
       R"(relay.yaml:10:20: the value of `${PAUSE}` is not a whole number and a unit: ms, s, m, h or d
        poll_interval: ${PAUSE}
                       ^
  hint: for example `500ms`
)",
       {{"PAUSE", ""}}},
      {"a wrong default",
       R"(    poll_interval: ${PAUSE:-5}
)",
       R"(relay.yaml:10:20: the value of `${PAUSE:-5}` needs a unit: ms, s, m, h or d
        poll_interval: ${PAUSE:-5}
                       ^
  hint: for example `500ms`
)",
       {}},
      {"a wrong choice",
       R"(    completion: ${WAY}
)",
       R"(relay.yaml:10:17: the value of `${WAY}` is not one of `mark`, `delete`
        completion: ${WAY}
                    ^
)",
       {{"WAY", "marc"}}},
      {"a number that is too small",
       R"(    page_rows: ${ROWS}
)",
       R"(relay.yaml:10:16: the value of `${ROWS}` is too small: `page_rows` is at least `1`
        page_rows: ${ROWS}
                   ^
)",
       {{"ROWS", "0"}}},
      {"an unknown column",
       R"(    partition: ${COLUMN}
)",
       R"(relay.yaml:10:16: the value of `${COLUMN}` names a column that has no role and is not in `extra_columns`
        partition: ${COLUMN}
                   ^
  hint: list it in `extra_columns` if the table has it
)",
       {{"COLUMN", "canary"}}},
      {"an unknown column in a template",
       R"(    headers: {a: "${HEADER}"}
)",
       R"(relay.yaml:10:18: the value of `${HEADER}` names a column that has no role and is not in `extra_columns`
        headers: {a: "${HEADER}"}
                     ^
  hint: list it in `extra_columns` if the table has it
)",
       {{"HEADER", "{canary}"}}},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a value is UTF-8 without zeros, wherever it comes from", "[config]") {
  const std::vector<Case> cases = {
      {"Latin-1 in a variable",
       R"(    headers: {a: "${WHO}"}
)",
       R"(relay.yaml:10:18: the value has a zero byte, or one that is no UTF-8
        headers: {a: "${WHO}"}
                     ^
  hint: write the character itself, not an escape
)",
       {{"WHO", "M\xFCller"}}},
      {"an escape of which yaml-cpp makes a lone byte",
       R"(    headers: {a: "one\Nline"}
)",
       R"(relay.yaml:10:18: the value has a zero byte, or one that is no UTF-8
        headers: {a: "one\Nline"}
                     ^
  hint: write the character itself, not an escape
)"},
      {"a zero",
       R"(    headers: {a: "\0"}
)",
       R"(relay.yaml:10:18: the value has a zero byte, or one that is no UTF-8
        headers: {a: "\0"}
                     ^
  hint: write the character itself, not an escape
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a variable cannot change the structure", "[config]") {
  const std::vector<Case> cases = {
      {"a value with a line of YAML in it",
       R"(    poll_interval: ${PAUSE}
)",
       R"(relay.yaml:10:20: the value of `${PAUSE}` is not a whole number and a unit: ms, s, m, h or d
        poll_interval: ${PAUSE}
                       ^
  hint: for example `500ms`
)",
       {{"PAUSE", R"(1s
    refused: park)"}}},
      {"null as a text",
       R"(    partition: ${COLUMN}
)",
       R"(relay.yaml:10:16: the value of `${COLUMN}` names a column that has no role and is not in `extra_columns`
        partition: ${COLUMN}
                   ^
  hint: list it in `extra_columns` if the table has it
)",
       {{"COLUMN", "null"}}},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("variables are replaced within values", "[config]") {
  const auto config =
      loaded(with_outbox("    headers: {a: \"${A}-${B:-default}-$$-${C:-}\", d: \"${D:?missing}\"}\n"),
             {{"A", "one {{two}}: [three]"}, {"B", ""}, {"D", "four"}});
  REQUIRE(config.outboxes.size() == 1);
  const auto& headers = config.outboxes[0].headers;
  REQUIRE(headers.size() == 2);
  CHECK(headers[0].value.literal_prefix() == "one {two}: [three]-default-$-");
  CHECK(headers[1].value.literal_prefix() == "four");
}

TEST_CASE("many references to a large variable are bounded", "[config]") {
  const std::string large(1024 * 1024, 'x');
  const std::string references = "    headers: {a: \"${X}${X}${X}${X}${X}\"}\n";
  CHECK(problems(with_outbox(references), {{"X", large}}) ==
        R"(relay.yaml:10:18: the value makes the file larger than 4 MiB with its variables
        headers: {a: "${X}${X}${X}${X}${X}"}
                     ^
)");
}
