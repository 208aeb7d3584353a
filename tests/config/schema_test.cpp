#include "config/schema.h"

#include <boost/json/parse.hpp>
#include <fstream>
#include <iterator>

#include "config/options.h"
#include "support/catch.h"

using namespace outbox_relay::config;
namespace json = boost::json;

namespace {

/// The schema of an option within that of its section.
const json::value* find_option(const json::value& section, std::string_view name) {
  const json::value* at = &section;
  while (at != nullptr) {
    const std::string_view key = name.substr(0, name.find('.'));
    at = at->at("properties").as_object().if_contains(key);
    if (key.size() == name.size()) break;
    name.remove_prefix(key.size() + 1);
  }
  return at;
}

void check_option(const json::value& section, const Option& option) {
  CAPTURE(option.name);
  const json::value* schema = find_option(section, option.name);
  REQUIRE(schema != nullptr);
  CHECK(schema->at("description").as_string().find(option.documentation) == 0);
}

}  // namespace

TEST_CASE("config/outbox-relay.schema.json is what the program prints", "[config]") {
  std::ifstream file(OUTBOX_RELAY_CONFIG "/outbox-relay.schema.json", std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  INFO("bring it up to date: outbox-relay config schema > config/outbox-relay.schema.json");
  CHECK(committed == schema());
}

TEST_CASE("the schema has every option, and takes no other key", "[config]") {
  const json::value root = json::parse(schema());
  const json::value& outbox = root.at("properties").at(outboxes_key).at("items");
  for (const auto& field : daemon_fields()) check_option(root, field.option);
  for (const auto& field : outbox_fields()) check_option(outbox, field.option);
  CHECK(root.at("additionalProperties") == json::value(false));
  CHECK(outbox.at("additionalProperties") == json::value(false));
  CHECK(outbox.at("properties").at("columns").at("additionalProperties") == json::value(false));
}
