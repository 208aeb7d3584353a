#include "kafka/version.h"

#include "support/catch.h"

using namespace outbox_relay::kafka;

TEST_CASE("librdkafka below 2.3 is warned about", "[version]") {
  CHECK(version_warning(0x020002ff) ==
        "librdkafka 2.0.2 turns an ordinary restart of a broker into a fatal producer error now and then "
        "(its issue "
        "4438, fixed in 2.3.0); the relay makes a new producer then and goes on");
  CHECK(version_warning(0x020202ff));
  CHECK_FALSE(version_warning(0x020300ff));
  CHECK_FALSE(version_warning(0x020f00ff));
}

TEST_CASE("librdkafka below 2.6.1 cannot log in to Kafka 4 with SCRAM", "[version]") {
  CHECK_FALSE(can_log_in_to_kafka_4_with_scram(0x020600ff));
  CHECK(can_log_in_to_kafka_4_with_scram(0x020601ff));
}

TEST_CASE("the loaded library has a version", "[version]") {
  CHECK(to_string(library_version()).starts_with("2."));
}
