#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("what is not built yet is refused by its name", "[config]") {
  const std::vector<Case> cases = {
      {"keep_sent: 7d",
       R"(    keep_sent: 7d
)",
       R"(relay.yaml:10:16: `keep_sent` is not in this version
        keep_sent: 7d
                   ^
  hint: leave it out, or write `0s`
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("what is not built yet is checked against the other options all the same", "[config]") {
  const std::vector<Case> cases = {
      {"deleted rows that are kept",
       R"(    completion: delete
    keep_sent: 7d
)",
       R"(relay.yaml:11:16: `keep_sent` is not in this version
        keep_sent: 7d
                   ^
  hint: leave it out, or write `0s`
relay.yaml:11:16: `keep_sent` means nothing with `completion: delete`
        keep_sent: 7d
                   ^
  hint: leave one of them out
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("what is not built yet may be set to what is in force", "[config]") {
  const auto neutral = GENERATE("keep_sent: 0s", "keep_sent: 0ms");
  CHECK(problems(with_outbox("    " + std::string(neutral) + "\n")) == "");
}
