#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config::testing;

TEST_CASE("what is not built yet is refused by its name", "[config]") {
  const std::vector<Case> cases = {
      {"keep_sent: 7d",
       R"(    keep_sent: 7d
)",
       R"(relay.yaml:10:16: `keep_sent` is not in this version
        keep_sent: 7d
                   ^
  hint: leave it out, or write `0s`
)"},
      {"refused: park",
       R"(    refused: park
)",
       R"(relay.yaml:10:14: `refused: park` is not in this version
        refused: park
                 ^
  hint: leave it out, or write `halt`
)"},
      {"topic_grace: 10m",
       R"(    topic_grace: 10m
)",
       R"(relay.yaml:10:18: `topic_grace` is not in this version
        topic_grace: 10m
                     ^
  hint: leave it out, or write `5m`
)"},
      {"parked_key: skip",
       R"(    parked_key: skip
)",
       R"(relay.yaml:10:17: `parked_key: skip` is not in this version
        parked_key: skip
                    ^
  hint: leave it out, or write `hold`
)"},
      {"notify_channel: outbox",
       R"(    notify_channel: outbox
)",
       R"(relay.yaml:10:21: `notify_channel` is not in this version
        notify_channel: outbox
                        ^
  hint: leave it out, or write `null`
)"},
      {"envelope: cloudevents",
       R"(    envelope: cloudevents
)",
       R"(relay.yaml:10:15: `envelope: cloudevents` is not in this version
        envelope: cloudevents
                  ^
  hint: leave it out, or write `none`
)"},
      {"coordination: advisory_lock",
       R"(    coordination: advisory_lock
)",
       R"(relay.yaml:10:19: `coordination: advisory_lock` is not in this version
        coordination: advisory_lock
                      ^
  hint: leave it out, or write `none`
)"},
      {"coordination: lease",
       R"(    coordination: lease
)",
       R"(relay.yaml:10:19: `coordination: lease` is not in this version
        coordination: lease
                      ^
  hint: leave it out, or write `none`
)"},
      {"preset: eventuate",
       R"(    preset: eventuate
)",
       R"(relay.yaml:10:13: `preset: eventuate` is not in this version
        preset: eventuate
                ^
  hint: leave it out, or write `outbox_relay`, `debezium`, `none`
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("what is not built yet is checked against the other options all the same", "[config]") {
  const std::vector<Case> cases = {
      {"dead letters without a topic",
       R"(    refused: dead_letter
)",
       R"(relay.yaml:10:14: `refused: dead_letter` is not in this version
        refused: dead_letter
                 ^
  hint: leave it out, or write `halt`
relay.yaml:10:14: `refused: dead_letter` needs a `dead_letter_topic`
        refused: dead_letter
                 ^
)"},
      {"a topic without dead letters",
       R"(    dead_letter_topic: dead
)",
       R"(relay.yaml:10:24: `dead_letter_topic` is not in this version
        dead_letter_topic: dead
                           ^
  hint: leave it out, or write `null`
relay.yaml:10:24: `dead_letter_topic` means nothing without `refused: dead_letter`
        dead_letter_topic: dead
                           ^
)"},
      {"deleted rows that are kept",
       R"(    completion: delete
    keep_sent: 7d
)",
       R"(relay.yaml:11:16: `keep_sent` is not in this version
        keep_sent: 7d
                   ^
  hint: leave it out, or write `0s`
relay.yaml:11:16: `keep_sent` means nothing with `completion: delete`
        keep_sent: 7d
                   ^
  hint: leave one of them out
)"},
  };
  check_each(cases, with_outbox);
}

TEST_CASE("what is not built yet may be set to what is in force", "[config]") {
  const auto neutral = GENERATE("keep_sent: 0s", "keep_sent: 0ms", "refused: halt", "topic_grace: 300s",
                                "dead_letter_topic: null", "dead_letter_topic:", "parked_key: hold",
                                "notify_channel: ~", "envelope: none", "coordination: none");
  CHECK(problems(with_outbox("    " + std::string(neutral) + "\n")) == "");
}
