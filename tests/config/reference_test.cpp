#include "config/reference.h"

#include <fstream>
#include <iterator>
#include <string>

#include "config/options.h"
#include "support/catch.h"

using namespace outbox_relay::config;

TEST_CASE("the reference in config/README.md is that of the option table", "[config]") {
  std::ifstream file(OUTBOX_RELAY_CONFIG "/README.md", std::ios::binary);
  const std::string readme{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  INFO("bring it up to date: build the target config-reference and run `config-reference config/README.md`");
  REQUIRE(readme.find(reference()) != std::string::npos);
  CHECK(with_reference(readme) == readme);
}

TEST_CASE("a document without markers stays as it is", "[config]") {
  CHECK(with_reference("nothing to replace\n") == "nothing to replace\n");
}

TEST_CASE("every option is documented, and has a default or is required", "[config]") {
  const auto check = [](const Option& option) {
    CAPTURE(option.name);
    CHECK_FALSE(option.documentation.empty());
    CHECK(option.fallback.empty() == option.is_required);
    CHECK((option.kind == Kind::choice) == !option.choices.empty());
    CHECK(option.least.empty() == option.most.empty());
  };
  for (const auto& field : daemon_fields()) check(field.option);
  for (const auto& field : outbox_fields()) check(field.option);
}
