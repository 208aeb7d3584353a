#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("every example is right once KAFKA_BROKERS is set", "[config]") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(OUTBOX_RELAY_CONFIG)) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path().filename().string());
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    CHECK(problems(text, {{"KAFKA_BROKERS", "k:9092"}}) == "");
    ++count;
  }
  CHECK(count >= 4);
}
