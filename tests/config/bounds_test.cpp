#include <algorithm>
#include <string>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("a file larger than 1 MiB is not read", "[config]") {
  CHECK(problems(std::string(1024 * 1024 + 1, '#')) == "relay.yaml:1:1: the file is larger than 1 MiB\n");
}

TEST_CASE("a line of a million characters is shown in part", "[config]") {
  const std::string million(1'000'000, 'x');
  const std::string said = problems(with_outbox("    poll_interval: " + million + "\n"));
  CHECK(said == "relay.yaml:10:20: `" + std::string(80, 'x') +
                    "…` is not a whole number and a unit: ms, s, m, h or d\n"
                    "        poll_interval: " +
                    std::string(141, 'x') + "…\n                       ^\n  hint: for example `500ms`\n");
}

TEST_CASE("a key of a million characters is shown in part", "[config]") {
  const std::string said = problems(with_outbox(std::string(1'000'000, 'x') + ": 1\n"));
  CHECK(said.size() < 1000);
}

TEST_CASE("a problem behind a million characters is shown with what is around it", "[config]") {
  const std::string said = problems(with_outbox("log: {level: " + std::string(999'000, ' ') + "loud}\n"));
  CHECK(said == "relay.yaml:10:999014: `loud` is not one of `debug`, `info`, `warn`, `error`\n    …" +
                    std::string(100, ' ') + "loud}\n    " + std::string(101, ' ') + "^\n");
}

TEST_CASE("a file nests 16 levels deep at most", "[config]") {
  CHECK(problems(std::string(17, '[') + std::string(17, ']')) ==
        "relay.yaml:1:17: the file nests deeper than 16 levels\n    ***\n    ^\n");
  const auto bottomless = GENERATE_COPY(std::string(100'000, '['), repeated("{a: ", 100'000),
                                        repeated("- ", 100'000), repeated("? ", 100'000));
  CHECK(problems(bottomless).find("the file nests deeper than 16 levels") != std::string::npos);
}

TEST_CASE("a nest of aliases is refused without being unfolded", "[config]") {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'z'; ++name) {
    const std::string previous(1, static_cast<char>(name - 1));
    bomb += std::string(1, name) + ": &" + name + " [" + repeated("*" + previous + ", ", 9) + "*" + previous +
            "]\n";
  }
  const std::string said = problems(bomb);
  CHECK(said.find("aliases are not supported") != std::string::npos);
  CHECK(said.size() < 100'000);
}

TEST_CASE("a hundred problems are shown, and the others counted", "[config]") {
  const std::string said = problems(with_outbox(repeated("    x: 1\n", 20'000)));
  CHECK(std::ranges::count(said, '^') == 100);
  CHECK(said.ends_with("relay.yaml: 19900 more problems are not shown\n"));
}
