// How large batches may be. What brokers tell of a topic is tested with real ones.
#include "kafka/topic_limits.h"

#include "support/catch.h"

using outbox_relay::core::Bytes;
using outbox_relay::kafka::batch_size_for;

TEST_CASE("batches are as large as configured where the topic takes them, or its limit is not known",
          "[limits]") {
  CHECK(batch_size_for(std::nullopt, 1'000'000) == 1'000'000);
  CHECK(batch_size_for(Bytes{1'048'588}, 1'000'000) == 1'000'000);
  CHECK(batch_size_for(Bytes{1'000'000}, 1'000'000) == 1'000'000);
  CHECK(batch_size_for(Bytes{100'000}, 16'384) == 16'384);
}

TEST_CASE("no batch is larger than its topic takes", "[limits]") {
  CHECK(batch_size_for(Bytes{999'999}, 1'000'000) == 524'288);
  CHECK(batch_size_for(Bytes{100'000}, 1'000'000) == 65'536);
  CHECK(batch_size_for(Bytes{65'536}, 1'000'000) == 65'536);
  CHECK(batch_size_for(Bytes{1}, 1'000'000) == 1);
  CHECK(batch_size_for(Bytes{0}, 1'000'000) == 1);
}
