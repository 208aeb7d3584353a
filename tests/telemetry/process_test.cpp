#include "telemetry/process.h"

#include <cmath>
#include <ctime>

#include "support/catch.h"

using namespace outbox_relay::telemetry;

TEST_CASE("a process is described even if its name holds parentheses and blanks", "[process]") {
  ProcessFacts facts;
  parse_stat(
      "42 (a) S (b 7) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 12300 1048576 256 "
      "18446744073709551615 1 1",
      {.ticks_per_second = 100, .page_bytes = 4096, .boot_time_seconds = 1'700'000'000}, facts);
  CHECK(facts.cpu_seconds == 3);
  CHECK(facts.threads == 3);
  CHECK(facts.start_time_seconds == 1'700'000'123);
  CHECK(facts.virtual_memory_bytes == 1048576);
  CHECK(facts.resident_memory_bytes == 256 * 4096);
}

TEST_CASE("what /proc does not say is NaN", "[process]") {
  for (const auto* text : {"", "42", "42 (a)", "42 (a) S 1 2", "42 (a) S one two three"}) {
    ProcessFacts facts;
    parse_stat(text, {.ticks_per_second = 100, .page_bytes = 4096, .boot_time_seconds = 0}, facts);
    INFO(text);
    CHECK(std::isnan(facts.cpu_seconds));
    CHECK(std::isnan(facts.resident_memory_bytes));
  }
}

TEST_CASE("this process is described", "[process]") {
  const auto facts = read_process_facts();
  CHECK(facts.cpu_seconds >= 0);
  CHECK(facts.threads >= 1);
  CHECK(facts.resident_memory_bytes > 100'000);
  CHECK(facts.virtual_memory_bytes >= facts.resident_memory_bytes);
  CHECK(facts.open_descriptors >= 1);
  CHECK(facts.max_descriptors >= facts.open_descriptors);
  CHECK(facts.start_time_seconds > 1'600'000'000);
  CHECK(facts.start_time_seconds <= static_cast<double>(std::time(nullptr)) + 2);
}
