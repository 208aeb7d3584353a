#include "cli/validators.h"

#include <algorithm>

#include "support/catch.h"

using namespace outbox_relay;
using config::ConnectionVerdict;

TEST_CASE("librdkafka says which properties it takes", "[cli]") {
  const auto check = cli::library_validators().property;
  CHECK_FALSE(check("bootstrap.servers", "k:9092").has_value());
  CHECK_FALSE(check("sasl.mechanism", "SCRAM-SHA-512").has_value());

  const auto unknown = check("liner.ms", "5");
  REQUIRE(unknown.has_value());
  CHECK(unknown->is_unknown);

  const auto refused = check("linger.ms", "-1");
  REQUIRE(refused.has_value());
  CHECK_FALSE(refused->is_unknown);
  CHECK(refused->text ==
        "Configuration property \"queue.buffering.max.ms\" value -1 is outside allowed range 0..900000");
}

TEST_CASE("librdkafka's properties are known by name, aliases and those of topics included", "[cli]") {
  const auto names = cli::library_validators().property_names;
  for (const char* name : {"bootstrap.servers", "metadata.broker.list", "linger.ms", "sasl.password",
                           "request.timeout.ms", "ssl.ca.location", "compression.level"}) {
    CAPTURE(name);
    CHECK(std::ranges::find(names, name) != names.end());
  }
}

TEST_CASE("libpq says what a connection string is", "[cli]") {
  const auto check = cli::library_validators().connection;
  CHECK(check("host=db user=relay") == ConnectionVerdict::valid);
  CHECK(check("postgresql://relay@db:5432/shop?sslmode=require") == ConnectionVerdict::valid);
  CHECK(check("host=db password='with space'") == ConnectionVerdict::valid_with_password);
  CHECK(check("postgresql://relay:secret@db/shop") == ConnectionVerdict::valid_with_password);
  CHECK(check("host=db password=with space") == ConnectionVerdict::malformed);
  CHECK(check("db") == ConnectionVerdict::malformed);
  CHECK(check("hosst=db") == ConnectionVerdict::malformed);
}
