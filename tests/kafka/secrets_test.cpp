#include "kafka/secrets.h"

#include "rig.h"
#include "support/catch.h"

using outbox_relay::kafka::Secrets;
using namespace outbox_relay::kafka::testing;

TEST_CASE("a secret and its ends are taken out of a text", "[secrets]") {
  const Secrets secrets{{"principal=admin hunter2=topsecret", "abc", ""}};
  CHECK(secrets.out_of("beginning at: hunter2=topsecret (check)") ==
        "beginning at:… (check)");  // an end with its space
  CHECK(secrets.out_of("principal=admin hunter2=topsecret") == "…");
  CHECK(secrets.out_of("cret, cretcret and ret") == "…, …… and ret");
  CHECK(secrets.out_of("abc and bc") == "… and bc");
  CHECK(secrets.out_of("principal=admin alone") == "principal=admin alone");
  CHECK(secrets.out_of("") == "");
  CHECK(Secrets{}.out_of("as it is") == "as it is");
}

TEST_CASE("a secret that came later is taken out, and the earlier ones still are", "[secrets]") {
  Secrets secrets{{"first one"}};
  secrets.add({"second one", ""});
  CHECK(secrets.out_of("first one, second one") == "…, …");
}

TEST_CASE("what librdkafka quotes of a secret reaches neither a failure nor the log", "[secrets]") {
  const std::string value = "principal=admin hunter2=topsecret";
  Harness harness{"127.0.0.1:1",
                  {},
                  {{"security.protocol", "SASL_PLAINTEXT"},
                   {"sasl.mechanism", "OAUTHBEARER"},
                   {"enable.sasl.oauthbearer.unsecure.jwt", "true"},
                   {"sasl.oauthbearer.config", value},
                   {"debug", "all"}},
                  &std::chrono::system_clock::now,
                  {value}};
  REQUIRE(harness.until([&] {
    return !harness.troubles.empty() && harness.troubles.back().message.find("…") != std::string::npos;
  }));
  CHECK(harness.troubles.back().message.find("hunter2") == std::string::npos);
  CHECK(harness.lines_with("hunter2") == 0);
}
