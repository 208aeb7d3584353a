#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config;
using namespace outbox_relay::config::testing;

TEST_CASE("a CloudEvent's id, and what has no value, follow the envelope", "[config]") {
  const auto preset = GENERATE("outbox_relay", "debezium");
  const Config config = loaded(with_outbox("    preset: " + std::string(preset) +
                                           "\n    envelope: cloudevents\n"
                                           "    headers: {ce_source: /shop, ce_type: \"{type}\"}\n"));
  const Outbox& outbox = config.outboxes.front();
  CHECK(outbox.envelope == Envelope::cloudevents);
  CHECK(outbox.message_id_header == "ce_id");
  CHECK(outbox.null_headers == NullHeaders::leave_out);
}

TEST_CASE("what CloudEvents cannot be without, and what it fixes, is told at once", "[config]") {
  const std::vector<Case> cases = {
      {"nothing but the envelope",
       R"(    envelope: cloudevents
)",
       R"(relay.yaml:10:15: `envelope: cloudevents` needs the header `ce_source`
        envelope: cloudevents
                  ^
  hint: add it to `headers`, such as `ce_source: /shop/orders` and `ce_type: "{type}"`
relay.yaml:10:15: `envelope: cloudevents` needs the header `ce_type`
        envelope: cloudevents
                  ^
  hint: add it to `headers`, such as `ce_source: /shop/orders` and `ce_type: "{type}"`
)"},
      {"what comes from the envelope, an empty source, a name that is none, structured mode",
       R"(    envelope: cloudevents
    null_headers: send
    message_id_header: id
    headers:
      ce_source: ""
      ce_type: "{type}"
      ce_specversion: "1.0"
      ce_time: "{created_at}"
      ce_Subject: "{aggregateid}"
      content-type: application/cloudevents+json
)",
       R"(relay.yaml:11:19: `null_headers: send` means nothing with `envelope: cloudevents`: no attribute is null
        null_headers: send
                      ^
  hint: leave one of them out
relay.yaml:12:24: `id` is not where CloudEvents has the id of an event
        message_id_header: id
                           ^
  hint: leave it out: `envelope: cloudevents` sends `ce_id`
relay.yaml:14:7: `envelope: cloudevents` needs the header `ce_source`
          ce_source: ""
          ^
  hint: add it to `headers`, such as `ce_source: /shop/orders` and `ce_type: "{type}"`
relay.yaml:16:23: the header `ce_specversion` comes from `envelope: cloudevents`
          ce_specversion: "1.0"
                          ^
  hint: leave it out; the time of an event is its row's `created_at`
relay.yaml:17:16: the header `ce_time` comes from `envelope: cloudevents`
          ce_time: "{created_at}"
                   ^
  hint: leave it out; the time of an event is its row's `created_at`
relay.yaml:18:19: the header `ce_Subject` is no attribute that CloudEvents takes
          ce_Subject: "{aggregateid}"
                      ^
  hint: only lower-case letters and digits follow `ce_`
relay.yaml:19:21: `application/cloudevents+json` stands for CloudEvents in structured mode
          content-type: application/cloudevents+json
                        ^
  hint: name the media type of the payload, such as `application/json`
)"},
      {"the id once more",
       R"(    envelope: cloudevents
    headers: {ce_source: /shop, ce_type: "{type}", ce_id: x}
)",
       R"(relay.yaml:11:14: the header `ce_id` is the message id header already
        headers: {ce_source: /shop, ce_type: "{type}", ce_id: x}
                 ^
  hint: name it differently, or set `message_id_header`
)"},
  };
  check_each(cases, with_outbox);
}
