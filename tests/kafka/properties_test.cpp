#include "kafka/properties.h"

#include <boost/asio/io_context.hpp>

#include "core/failure.h"
#include "kafka/kafka_sink.h"
#include "support/catch.h"

using namespace outbox_relay::kafka;
using outbox_relay::core::Failure;
using outbox_relay::core::FailureError;
using outbox_relay::core::Remedy;

namespace {

/// What making a sink with these properties fails with.
Failure refusal_of(ProducerSettings settings) {
  boost::asio::io_context context;
  const outbox_relay::core::Routing routing;
  try {
    const KafkaSink sink{context.get_executor(), std::move(settings), routing, [](std::string_view) {}};
  } catch (const FailureError& error) {
    return error.failure();
  }
  FAIL("the settings were accepted");
  return {};
}

}  // namespace

TEST_CASE("the configuration changes our defaults", "[properties]") {
  CHECK(effective_value({}, "partitioner") == "murmur2_random");
  CHECK(effective_value({{{"partitioner", "fnv1a"}}}, "partitioner") == "fnv1a");
  CHECK(effective_value({{{"partitioner", "fnv1a"}, {"partitioner", "random"}}}, "partitioner") == "random");
  CHECK(effective_value({}, "debug").empty());
}

TEST_CASE("nothing changes what the promises rest on", "[properties]") {
  for (const auto& [name, value] : fixed_properties()) {
    CAPTURE(name);
    CHECK(effective_value({{{std::string{name}, "0"}}}, name) == value);
  }
}

TEST_CASE("a refused property is named and its value is not shown", "[properties]") {
  const Failure unknown = refusal_of({{{"bootstrap.server", "hunter2"}}});
  CHECK(unknown.remedy == Remedy::operate);
  CHECK(unknown.message == "librdkafka does not know the property bootstrap.server");
  const Failure invalid = refusal_of({{{"security.protocol", "hunter2"}}});
  CHECK(invalid.remedy == Remedy::operate);
  CHECK(invalid.message == "librdkafka does not take the value of the property security.protocol");
  const Failure conflicting =
      refusal_of({{{"security.protocol", "SASL_PLAINTEXT"}, {"sasl.mechanism", "PLAIN"}}});
  CHECK(conflicting.remedy == Remedy::operate);
  CHECK(conflicting.message.starts_with("librdkafka refuses the properties: "));
}
