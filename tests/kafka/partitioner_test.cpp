#include "kafka/partitioner.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "core/failure.h"
#include "support/catch.h"

using outbox_relay::core::FailureError;
using outbox_relay::core::Value;
using outbox_relay::kafka::Partitioner;

namespace {

Partitioner::Random counting() {
  return [draw = 0.0]() mutable {
    draw += 0.25;
    return draw >= 1 ? draw = 0 : draw;
  };
}

std::int32_t partition_of(std::string_view name, const Value& key, std::int32_t partitions) {
  return Partitioner{name, counting()}.partition_of(key, partitions);
}

/// Java's `Utils.toPositive`, which its partitioner applies to the hash.
std::int32_t to_positive(std::int32_t hash) {
  return hash & 0x7fffffff;
}

}  // namespace

TEST_CASE("murmur2 puts keys where Java's producers put them", "[partitioner]") {
  // The values of org.apache.kafka.common.utils.UtilsTest.testMurmur2.
  struct Vector {
    const char* key;
    std::int32_t hash;
  };
  const auto [key, hash] = GENERATE(values<Vector>({
      {"21", -973932308},
      {"foobar", -790332482},
      {"a-little-bit-long-string", -985981536},
      {"a-little-bit-longer-string", -1486304829},
      {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
      {"abc", 479470107},
      {"", 275646681},  // not in that test; computed by the same function
  }));
  CAPTURE(key);
  // So many partitions that the whole hash shows.
  CHECK(partition_of("murmur2_random", key, std::numeric_limits<std::int32_t>::max()) == to_positive(hash));
  CHECK(partition_of("murmur2_random", key, 12) == to_positive(hash) % 12);
  CHECK(partition_of("murmur2", key, 12) == to_positive(hash) % 12);
  // Wherever the key lies in memory.
  const std::string shifted = std::string{"x"} + key;
  CHECK(partition_of("murmur2", std::string_view{shifted}.substr(1), 12) == to_positive(hash) % 12);
}

TEST_CASE("the other partitioners are librdkafka's", "[partitioner]") {
  // CRC32 and FNV-1a of "abc" as other implementations have them, the latter made positive as librdkafka
  // does.
  CHECK(partition_of("consistent", "abc", std::numeric_limits<std::int32_t>::max()) ==
        static_cast<std::int32_t>(0x352441C2U));
  CHECK(partition_of("consistent_random", "abc", 1000) == static_cast<std::int32_t>(0x352441C2U % 1000));
  CHECK(partition_of("fnv1a_random", "abc", 1000) == partition_of("fnv1a", "abc", 1000));
}

TEST_CASE("an empty key is a key", "[partitioner]") {
  const auto* name = GENERATE("murmur2_random", "consistent_random", "fnv1a_random");
  CAPTURE(name);
  Partitioner partitioner{name, counting()};
  const std::int32_t home = partitioner.partition_of("", 100);
  for (int i = 0; i < 2 * Partitioner::run_length; ++i) REQUIRE(partitioner.partition_of("", 100) == home);
}

TEST_CASE("rows without a key stay together for a while, then move on", "[partitioner]") {
  const auto* name = GENERATE("murmur2_random", "consistent_random", "fnv1a_random", "random");
  CAPTURE(name);
  Partitioner partitioner{name, counting()};
  std::vector<std::int32_t> partitions;
  for (int i = 0; i < 4 * Partitioner::run_length; ++i) {
    partitions.push_back(partitioner.partition_of(std::nullopt, 4));
  }
  const auto runs = std::vector<std::int32_t>{1, 2, 3, 0};
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    REQUIRE(partitions[i] == runs[i / Partitioner::run_length]);
  }
}

TEST_CASE("rows with keys do not move the others on", "[partitioner]") {
  Partitioner partitioner{"murmur2_random", counting()};
  CHECK(partitioner.partition_of(std::nullopt, 4) == 1);
  for (int i = 0; i < 2 * Partitioner::run_length; ++i) {
    static_cast<void>(partitioner.partition_of(std::to_string(i), 4));
  }
  CHECK(partitioner.partition_of(std::nullopt, 4) == 1);
}

TEST_CASE("one draw serves topics of any size", "[partitioner]") {
  Partitioner partitioner{"murmur2_random", [] { return 0.999999999; }};
  CHECK(partitioner.partition_of(std::nullopt, 1) == 0);
  CHECK(partitioner.partition_of(std::nullopt, 3) == 2);
  CHECK(partitioner.partition_of(std::nullopt, 1000) == 999);
  Partitioner rounded_up{"murmur2_random", [] { return 1.0; }};  // generate_canonical may, by rounding
  CHECK(rounded_up.partition_of(std::nullopt, 3) == 2);
}

TEST_CASE("without *_random a NULL key has one home", "[partitioner]") {
  const auto* name = GENERATE("murmur2", "consistent", "fnv1a");
  CAPTURE(name);
  Partitioner partitioner{name, counting()};
  const std::int32_t home = partitioner.partition_of(std::nullopt, 100);
  for (int i = 0; i < 2 * Partitioner::run_length; ++i) {
    REQUIRE(partitioner.partition_of(std::nullopt, 100) == home);
  }
  CHECK(home == partitioner.partition_of("", 100));
}

TEST_CASE("`random` spreads rows with keys too", "[partitioner]") {
  Partitioner partitioner{"random", counting()};
  std::set<std::int32_t> seen;
  for (int i = 0; i < 4 * Partitioner::run_length; ++i) seen.insert(partitioner.partition_of("same", 4));
  CHECK(seen == std::set<std::int32_t>{0, 1, 2, 3});
}

TEST_CASE("an unknown partitioner is refused", "[partitioner]") {
  CHECK_THROWS_AS(Partitioner("murmur3", counting()), FailureError);
}
