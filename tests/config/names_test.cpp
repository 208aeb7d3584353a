#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("columns are named as PostgreSQL names them", "[config]") {
  const std::vector<Case> cases = {
      {"empty",
       R"(    columns:
      key: ""
)",
       R"(relay.yaml:11:12: an empty value is not a name that PostgreSQL takes: 1 to 63 bytes
          key: ""
               ^
)"},
      {"quoted as in SQL",
       R"(    columns:
      key: '"Key"'
)",
       R"(relay.yaml:11:12: `"Key"` has quotes in it
          key: '"Key"'
               ^
  hint: names are taken as they are, upper case included
)"},
      {"longer than 63 bytes",
       R"(    columns:
      key: kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
)",
       R"(relay.yaml:11:12: `kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk` is not a name that PostgreSQL takes: 1 to 63 bytes
          key: kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
               ^
)"},
      {"a role that cannot be switched off",
       R"(    columns:
      id: null
)",
       R"(relay.yaml:11:7: `columns.id` needs a value
          id: null
          ^
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a table is written as in SQL, with its schema", "[config]") {
  const std::vector<Case> cases = {
      {"no schema",
       R"(  - {name: a, topic: t, table: outbox}
)",
       R"(relay.yaml:10:32: `outbox` has no schema
      - {name: a, topic: t, table: outbox}
                                   ^
  hint: write `schema.table`, such as `public.outbox`
)"},
      {"upper case",
       R"(  - {name: a, topic: t, table: Public.outbox}
)",
       R"(relay.yaml:10:32: `Public.outbox` has a name that needs quotes
      - {name: a, topic: t, table: Public.outbox}
                                   ^
  hint: names with upper case or special characters are written as '"Schema"."Table"'
)"},
      {"text behind a quote",
       R"(  - {name: a, topic: t, table: '"a"b.c'}
)",
       R"(relay.yaml:10:32: `"a"b.c` goes on after a closing quote
      - {name: a, topic: t, table: '"a"b.c'}
                                   ^
  hint: write `schema.table`, such as `public.outbox`
)"},
      {"a quote that is not closed",
       R"(  - {name: a, topic: t, table: '"a.b'}
)",
       R"(relay.yaml:10:32: `"a.b` has a quote that is not closed
      - {name: a, topic: t, table: '"a.b'}
                                   ^
  hint: write `schema.table`, such as `public.outbox`
)"},
      {"an empty name",
       R"(  - {name: a, topic: t, table: a..b}
)",
       R"(relay.yaml:10:32: `a..b` has an empty name in it
      - {name: a, topic: t, table: a..b}
                                   ^
  hint: write `schema.table`, such as `public.outbox`
)"},
      {"an empty schema",
       R"(  - {name: a, topic: t, table: .b}
)",
       R"(relay.yaml:10:32: `.b` has no schema
      - {name: a, topic: t, table: .b}
                                   ^
  hint: write `schema.table`, such as `public.outbox`
)"},
      {"an empty table",
       R"(  - {name: a, topic: t, table: "a."}
)",
       R"(relay.yaml:10:32: `a.` has an empty name in it
      - {name: a, topic: t, table: "a."}
                                   ^
  hint: write `schema.table`, such as `public.outbox`
)"},
      {"a database",
       R"(  - {name: a, topic: t, table: shop.public.outbox}
)",
       R"(relay.yaml:10:32: `shop.public.outbox` has more than a schema and a table in it
      - {name: a, topic: t, table: shop.public.outbox}
                                   ^
  hint: write `schema.table`, such as `public.outbox`
)"},
      {"an empty name in quotes",
       R"(  - {name: a, topic: t, table: 'a.""'}
)",
       R"(relay.yaml:10:32: `a.""` has a name that is not 1 to 63 bytes long
      - {name: a, topic: t, table: 'a.""'}
                                   ^
  hint: write `schema.table`, such as `public.outbox`
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("an endpoint is an address and a port", "[config]") {
  const std::vector<Case> cases = {
      {"no address",
       R"(http: {listen: "8980"}
)",
       R"(relay.yaml:10:16: `8980` is not an IP address and a port
    http: {listen: "8980"}
                   ^
  hint: write `127.0.0.1:8980`, `0.0.0.0:8980` or `[::1]:8980`
)"},
      {"a name",
       R"(http: {listen: "localhost:8980"}
)",
       R"(relay.yaml:10:16: `localhost:8980` is not an IP address and a port
    http: {listen: "localhost:8980"}
                   ^
  hint: write `127.0.0.1:8980`, `0.0.0.0:8980` or `[::1]:8980`
)"},
      {"a port that there is not",
       R"(http: {listen: "127.0.0.1:99999"}
)",
       R"(relay.yaml:10:16: `127.0.0.1:99999` has no port between 0 and 65535
    http: {listen: "127.0.0.1:99999"}
                   ^
  hint: write `127.0.0.1:8980`, `0.0.0.0:8980` or `[::1]:8980`
)"},
      {"no port",
       R"(http: {listen: "127.0.0.1:"}
)",
       R"(relay.yaml:10:16: `127.0.0.1:` has no port between 0 and 65535
    http: {listen: "127.0.0.1:"}
                   ^
  hint: write `127.0.0.1:8980`, `0.0.0.0:8980` or `[::1]:8980`
)"},
      {"an IPv6 address without brackets",
       R"(http: {listen: "::1:8980"}
)",
       R"(relay.yaml:10:16: `::1:8980` is not an IP address and a port
    http: {listen: "::1:8980"}
                   ^
  hint: write `127.0.0.1:8980`, `0.0.0.0:8980` or `[::1]:8980`
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("a log has known levels and formats", "[config]") {
  const std::vector<Case> cases = {
      {"the level",
       R"(log: {level: warm}
)",
       R"(relay.yaml:10:14: `warm` is not one of `debug`, `info`, `warn`, `error` (did you mean `warn`?)
    log: {level: warm}
                 ^
)"},
      {"the format",
       R"(log: {format: pretty}
)",
       R"(relay.yaml:10:15: `pretty` is not one of `auto`, `text`, `logfmt`, `json`
    log: {format: pretty}
                  ^
)"},
  };
  check_each(cases, with_outbox);
}
