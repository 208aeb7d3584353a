#include "config/secrecy.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config;
using namespace outbox_relay::config::testing;

namespace {

constexpr std::string_view canary = "cAnArY";

/// A file with a secret wherever one can stand, written in several ways.
const std::string file_of_secrets = R"(postgres:
  connection: "host=db password=cAnArY"   # cAnArY was the old one
  connect_timeout: 10s
kafka:
  properties: {bootstrap.servers: "k:9092", sasl.password: 'cAnArY', client.id: relay}
  ssl_key_password_file: /run/secrets/key
outboxes:
  - name: orders
    table: public.outbox
    topic: "orders.{aggregatetype}"
  - name: more
    table: public.more
    topic: more
http:
  listen: "127.0.0.1:8980"
)";

}  // namespace

TEST_CASE("no message shows a secret, wherever the problem is", "[config]") {
  const auto [title, text] = GENERATE(table<std::string, std::string>({
      {"an unset variable in it", "postgres:\n  connection: \"password=cAnArY ${NOT_SET}\"\n"},
      {"it is malformed", "postgres:\n  connection: cAnArY\n"},
      {"it is a list", "postgres:\n  connection: [cAnArY]\n"},
      {"it is a mapping", "kafka:\n  properties:\n    sasl.password: {cAnArY: cAnArY}\n"},
      {"its key is misspelt", "kafka:\n  properties:\n    sasl.pasword: cAnArY\n"},
      {"its key is unknown", "postgres:\n  password: cAnArY\n"},
      {"its section is unknown", "postgre:\n  - password:\n      - cAnArY\n"},
      {"its key is there twice", "postgres:\n  connection: \"host=a\"\n  connection: cAnArY\n"},
      {"librdkafka refuses it",
       "kafka:\n  properties:\n    sasl.oauthbearer.client.secret: refused # cAnArY\n"},
      {"it is in the wrong type of section", "kafka:\n  properties: \"sasl.password=cAnArY\"\n"},
      {"the section is a text", "kafka: \"sasl.password=cAnArY\"\n"},
      {"the file is a text", "password=cAnArY\n"},
      {"the outboxes are a text", "outboxes: cAnArY\n"},
      {"an outbox is a text", "outboxes: [cAnArY, cAnArY]\n"},
      {"a problem is behind it", "postgres: {connection: \"password=cAnArY\", conect_timeout: 5s}\n"},
      {"a problem is before it", "postgres: {conect_timeout: 5s, connection: \"password=cAnArY\"}\n"},
      {"it has several lines",
       "kafka:\n  properties:\n    ssl.key.pem: |\n      cAnArY\n      cAnArY\n    linger.ms: x\n"},
      {"it is tagged", "postgres:\n  connection: !!str cAnArY\n"},
      {"it is anchored", "postgres:\n  connection: &a cAnArY\n"},
      {"its quote is never closed", "postgres:\n  connection: \"cAnArY\n"},
      {"a colon follows it", "postgres:\n  connection: host=a: cAnArY\n"},
      {"its property is followed by a colon", "kafka:\n  properties:\n    sasl.pasword: cAnArY: x\n"},
      {"an escape in it is wrong", "postgres:\n  connection: \"cAnArY\\q\"\n"},
      {"its line is not UTF-8", "postgres:\n  connection: \"cAnArY\xFF\"\n"},
      {"its second line is wrong", "postgres:\n  connection: \"host\n    cAnArY: \\q\"\n"},
      {"it stands beside an unknown key", "http: {lissten: a, password: cAnArY}\n"},
      {"it is a key", "? {cAnArY: a}\n: cAnArY\n"},
  }));
  CAPTURE(title);
  const std::string said = problems(text);
  CHECK(said != "");
  CHECK(said.find(canary) == std::string::npos);
}

TEST_CASE("no message shows what a variable holds", "[config]") {
  const auto line =
      GENERATE("poll_interval: ${X}", "page_rows: ${X}", "in_flight_bytes: ${X}", "completion: ${X}",
               "partition: ${X}", "topic: ${X}", "extra_columns: [\"${X}\"]", "allowed_topics: [\"${X}\"]",
               "headers: {a: \"{${X}}\"}", "message_id_header: \"${X}\"", "columns: {key: \"${X}\"}",
               "table: ${X}", "name: ${X}", "preset: ${X}", "dead_letter_topic: ${X}");
  const std::string said = problems(with_outbox("  - " + std::string(line) + "\n"), {{"X", "cAnArY \"\n"}});
  CHECK(said != "");
  CHECK(said.find(canary) == std::string::npos);
}

TEST_CASE("librdkafka's words are not repeated when they may hold a variable's value", "[config]") {
  CHECK(problems(with_property("    linger.ms: \"${X}\"\n"), {{"X", "cAnArY"}}) ==
        R"(relay.yaml:6:16: librdkafka refuses the value of `linger.ms`
        linger.ms: "${X}"
                   ^
)");
}

TEST_CASE("a secret's neighbours on its line are shown", "[config]") {
  CHECK(
      problems("postgres: {connection: \"password=cAnArY\", conect_timeout: 5s}\n")
          .find(
              R"(relay.yaml:1:43: unknown key `conect_timeout` in `postgres` (did you mean `connect_timeout`?)
    postgres: {connection: ***, conect_timeout: ***
                                ^
)") != std::string::npos);
}

TEST_CASE("properties that hold secrets are known by name", "[config]") {
  const auto name = GENERATE("sasl.password", "ssl.key.password", "ssl.key.pem", "ssl.keystore.password",
                             "sasl.oauthbearer.client.secret", "sasl.oauthbearer.config",
                             "sasl.oauthbearer.assertion.private.key.passphrase");
  CHECK(is_sensitive_property(name));
  CHECK_FALSE(is_sensitive_property("sasl.username"));
}

TEST_CASE("a comment is not shown", "[config]") {
  CHECK(problems(with_outbox("    poll_interval: 500   # cAnArY\n")) ==
        R"(relay.yaml:10:20: `500` needs a unit: ms, s, m, h or d
        poll_interval: 500
                       ^
  hint: for example `500ms`
)");
}

namespace {

/// The file with up to three places damaged, none of them within a secret: half of one could not be found.
std::string damaged(std::string text, std::uint32_t seed) {
  constexpr std::string_view pieces = "{}[]:,-'\"\n\t #&*!|>%@`\\$?~x";
  std::mt19937 random(seed);
  for (std::uint32_t damage = 0; damage <= seed % 3; ++damage) {
    const std::size_t at = random() % text.size();
    const std::string_view around = std::string_view(text).substr(at > 6 ? at - 6 : 0, 16);
    if (around.find(canary) != std::string_view::npos) continue;
    if (random() % 2 == 0) text.erase(at, 1 + random() % 3);
    text.insert(std::min(at, text.size()), 1, pieces[random() % pieces.size()]);
  }
  return text;
}

}  // namespace

// Whatever is cut out of a file or put into it, the secrets in it stay hidden, and the reader comes to an
// end.
TEST_CASE("a damaged file shows no secret", "[config]") {
  for (std::uint32_t seed = 0; seed < 5000; ++seed) {
    const std::string text = damaged(file_of_secrets, seed);
    if (problems(text).find(canary) == std::string::npos) continue;
    FAIL_CHECK("seed " << seed << ":\n" << text);
  }
}
