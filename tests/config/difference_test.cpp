#include "config/difference.h"

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config;
using namespace outbox_relay::config::testing;

TEST_CASE("options that differ are named as in the file, whatever their kind", "[config]") {
  const Config one = loaded(with_outbox(""));
  CHECK(differing_options(one, one).empty());

  Config other = one;
  other.postgres.connection = Secret("host=elsewhere");
  other.kafka.properties.push_back({"linger.ms", Secret("5")});
  other.http.listen.port = 1;
  other.log.format = LogFormat::json;
  CHECK(differing_options(one, other) == std::vector<std::string_view>{"postgres.connection",
                                                                       "kafka.properties", "http.listen",
                                                                       "log.format"});
}
