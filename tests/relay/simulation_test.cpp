#include <cstdlib>
#include <string>

#include "simulation.h"
#include "support/catch.h"

using outbox_relay::simulation::Simulation;

namespace {

// Sanitizers slow a history down tenfold. It is the work of one thread, so ThreadSanitizer has little to
// find.
#if defined(__SANITIZE_THREAD__)
constexpr std::uint64_t usual_seeds = 3;
#elif defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t usual_seeds = 30;
#else
constexpr std::uint64_t usual_seeds = 300;
#endif

// OUTBOX_RELAY_SEED=n replays one seed; OUTBOX_RELAY_SEEDS=n tries so many.
std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::stoull(text) : otherwise;
}

void simulate(const Simulation::Options& options) {
  const auto seeds = number_from_environment("OUTBOX_RELAY_SEEDS", usual_seeds);
  const auto only = number_from_environment("OUTBOX_RELAY_SEED", 0);
  for (std::uint64_t seed = only > 0 ? only : 1; seed <= (only > 0 ? only : seeds); ++seed) {
    Simulation simulation{seed, options};
    const auto broken = simulation.run();
    INFO("replay with OUTBOX_RELAY_SEED=" << seed);
    INFO(broken.value_or(""));
    REQUIRE_FALSE(broken);
  }
}

}  // namespace

TEST_CASE("all promises hold while nothing fails", "[simulation]") {
  simulate({.with_faults = false});
}

TEST_CASE("all promises hold through random faults", "[simulation]") {
  simulate({});
}

TEST_CASE("all promises hold when notifications come late, get lost, or are about nothing", "[simulation]") {
  simulate({.with_notifications = true});
}

TEST_CASE("all promises hold for ids that are not from a sequence", "[simulation]") {
  simulate({.uses_sequence = false});
}

TEST_CASE("with publish_after: visible nothing is lost either", "[simulation]") {
  simulate({.wait_for_flush = false});
}

TEST_CASE("a crash that takes completions back makes repeats, and breaks no other promise", "[simulation]") {
  Simulation::Options options{.completes_asynchronously = true};
  SECTION("of rows that are published when they are flushed") {}
  SECTION("of rows that are published when they are visible") {
    options.wait_for_flush = false;
  }
  SECTION("of rows whose ids are not from a sequence") {
    options.uses_sequence = false;
  }
  SECTION("beside rows that are refused") {
    options.with_bad_rows = true;
  }
  SECTION("and what follows a repeated row in its key is repeated behind it") {
    options.repeats_in_order = true;
  }
  simulate(options);
}

TEST_CASE("all promises hold when Kafka refuses some rows, and people requeue or discard them",
          "[simulation]") {
  simulate({.with_bad_rows = true});
}

TEST_CASE("the same for ids that are not from a sequence", "[simulation]") {
  simulate({.uses_sequence = false, .with_bad_rows = true});
}

TEST_CASE("refused rows reach the dead letter topic, and all other promises hold", "[simulation]") {
  simulate({.with_bad_rows = true, .refused = outbox_relay::core::OnRefusal::dead_letter});
}
