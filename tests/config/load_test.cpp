#include "config/load.h"

#include <string>

#include "config/fixture.h"
#include "support/catch.h"

using namespace outbox_relay::config;
using namespace outbox_relay::config::testing;
using namespace std::chrono_literals;
using outbox_relay::core::Bytes;

namespace {

Outbox only_outbox(const std::string& text) {
  Config config = loaded(text);
  REQUIRE(config.outboxes.size() == 1);
  return config.outboxes.front();
}

std::string outbox_of_own_table(const std::string& more) {
  return "postgres: {connection: \"host=db\"}\nkafka: {properties: {bootstrap.servers: b}}\noutboxes:\n"
         "  - name: own\n    preset: none\n    table: a.b\n    topic: t\n    columns: {id: i, payload: p, "
         "sent: s}\n" +
         more;
}

}  // namespace

TEST_CASE("the smallest file gets every default", "[config]") {
  const Config config = loaded(with_outbox(""));

  CHECK(config.postgres.connection.reveal() == "host=db user=relay");
  CHECK(config.postgres.password_file == std::nullopt);
  CHECK(config.postgres.connect_timeout == 10s);
  CHECK(config.postgres.statement_timeout == 30s);
  CHECK(config.postgres.control_schema == "outbox_relay");
  REQUIRE(config.kafka.properties.size() == 1);
  CHECK(config.kafka.properties[0].name == "bootstrap.servers");
  CHECK(config.kafka.properties[0].value.reveal() == "k:9092");
  CHECK(config.kafka.sasl_password_file == std::nullopt);
  CHECK(config.kafka.ssl_key_password_file == std::nullopt);
  CHECK(config.http.listen == Endpoint{"127.0.0.1", 8980});
  CHECK(config.log.level == LogLevel::info);
  CHECK(config.log.format == LogFormat::automatic);
  CHECK(config.drain_timeout == 20s);

  REQUIRE(config.outboxes.size() == 1);
  const Outbox& outbox = config.outboxes[0];
  CHECK(outbox.name == "orders");
  CHECK(outbox.table == TableName{"public", "outbox"});
  CHECK(outbox.preset == Preset::outbox_relay);
  CHECK(outbox.allowed_topics.empty());
  CHECK(outbox.partition == std::nullopt);
  CHECK(outbox.message_id_header == "message-id");
  CHECK(outbox.envelope == Envelope::none);
  CHECK(outbox.completion == Completion::mark);
  CHECK(outbox.keep_sent == 24h * 7);
  CHECK(outbox.refused == Refused::park);
  CHECK(outbox.topic_grace == 5min);
  CHECK(outbox.dead_letter_topic == std::nullopt);
  CHECK(outbox.parked_key == ParkedKey::hold);
  CHECK(outbox.poll_interval == 500ms);
  CHECK(outbox.poll_interval_min == 5ms);
  CHECK(outbox.notify_channel == std::nullopt);
  CHECK(outbox.completion_commit == CompletionCommit::synchronous);
  CHECK(outbox.publish_after == PublishAfter::flushed);
  CHECK(outbox.page_rows == 1000);
  CHECK(outbox.in_flight_rows == 20000);
  CHECK(outbox.in_flight_bytes == Bytes{32 * 1024 * 1024});
  CHECK(outbox.full_scan_interval == 15min);
  CHECK(outbox.sample_interval == 5s);
  CHECK(outbox.coordination == Coordination::advisory_lock);
  CHECK(outbox.stale_after == 60s);
}

TEST_CASE("the preset outbox_relay names the columns of our table", "[config]") {
  const Outbox outbox = only_outbox(with_outbox(""));
  CHECK(outbox.columns.id == "id");
  CHECK(outbox.columns.message_id == "message_id");
  CHECK(outbox.columns.key == "aggregateid");
  CHECK(outbox.columns.payload == "payload");
  CHECK(outbox.columns.headers == "headers");
  CHECK(outbox.columns.created_at == "created_at");
  CHECK(outbox.columns.sent == "sent_at");
  CHECK(outbox.columns.parked_at == "parked_at");
  CHECK(outbox.columns.attempts == "attempts");
  CHECK(outbox.columns.last_error == "last_error");
  REQUIRE(outbox.headers.size() == 1);
  CHECK(outbox.headers[0] == Header{"event-type", {"{type}", {{Template::Piece::Kind::column, "type"}}}});
}

TEST_CASE("the preset debezium publishes as Debezium would", "[config]") {
  const std::string text = with_outbox("  - {name: debezium, table: public.outboxevent, preset: debezium}\n");
  const Config config = loaded(text);
  REQUIRE(config.outboxes.size() == 2);
  const Outbox& outbox = config.outboxes[1];
  CHECK(outbox.columns.id == "seq");
  CHECK(outbox.columns.message_id == "id");
  CHECK(outbox.columns.key == "aggregateid");
  CHECK(outbox.columns.payload == "payload");
  CHECK(outbox.columns.headers == std::nullopt);
  CHECK(outbox.columns.created_at == std::nullopt);
  CHECK(outbox.columns.sent == "sent_at");
  CHECK(outbox.message_id_header == "id");
  CHECK(outbox.headers.empty());
  CHECK(outbox.null_headers == NullHeaders::send);
  CHECK(config.outboxes[0].null_headers == NullHeaders::leave_out);
  CHECK(outbox.topic.written == "outbox.event.{aggregatetype}");
  CHECK(outbox.extra_columns == std::vector<std::string>{"aggregatetype", "type"});
}

TEST_CASE("the preset eventuate lets a row choose among listed topics only", "[config]") {
  const std::string text = "  - {name: tram, table: eventuate.message, preset: eventuate";
  const Config config = loaded(with_outbox(text + ", allowed_topics: [customers]}\n"));
  REQUIRE(config.outboxes.size() == 2);
  const Outbox& outbox = config.outboxes[1];
  CHECK(outbox.columns.id == "seq");
  CHECK(outbox.columns.message_id == "id");
  CHECK(outbox.columns.key == "record_key");
  CHECK(outbox.columns.payload == "record_value");
  CHECK(outbox.columns.sent == "published");
  CHECK(outbox.topic.written == "{destination}");
  CHECK(problems(with_outbox(text + "}\n")) ==
        R"(relay.yaml:10:5: the preset's `topic` lets a row choose any topic
      - {name: tram, table: eventuate.message, preset: eventuate}
        ^
  hint: begin it with a literal text, such as `orders.`, or list `allowed_topics`
)");
}

TEST_CASE("what is given replaces what the preset says", "[config]") {
  const Outbox outbox =
      only_outbox(with_outbox("    columns: {key: customer, headers: null}\n    headers: {source: shop}\n    "
                              "preset: outbox_relay\n"));
  CHECK(outbox.columns.key == "customer");
  CHECK(outbox.columns.headers == std::nullopt);
  CHECK(outbox.columns.message_id == "message_id");
  REQUIRE(outbox.headers.size() == 1);
  CHECK(outbox.headers[0].name == "source");
}

TEST_CASE("extra columns are known beside those of the preset", "[config]") {
  const Outbox outbox =
      only_outbox(with_outbox("    extra_columns: [tenant, shard, unused]\n"
                              "    headers: {a: \"{tenant}\", b: "
                              "\"{tenant}-{aggregatetype}-{aggregateid}\"}\n    partition: shard\n"));
  CHECK(outbox.extra_columns ==
        std::vector<std::string>{"tenant", "shard", "unused", "aggregatetype", "type"});
  CHECK(outbox.partition == "shard");
}

TEST_CASE("delete needs no column to mark, and ignores the preset's", "[config]") {
  const Outbox outbox = only_outbox(with_outbox("    completion: delete\n"));
  CHECK(outbox.completion == Completion::remove);
  CHECK(outbox.columns.sent == std::nullopt);
}

TEST_CASE("a default gives way to what is given next to it", "[config]") {
  CHECK(only_outbox(with_outbox("    poll_interval: 1ms\n")).poll_interval_min == 1ms);
  CHECK(only_outbox(with_outbox("    poll_interval_min: 2s\n")).poll_interval == 2s);
  CHECK(only_outbox(with_outbox("    in_flight_rows: 500\n")).page_rows == 500);
  CHECK(only_outbox(with_outbox("    page_rows: 50000\n")).in_flight_rows == 50000);
}

TEST_CASE("every unit counts what it says", "[config]") {
  CHECK(only_outbox(with_outbox("    poll_interval: 7ms\n")).poll_interval == 7ms);
  CHECK(only_outbox(with_outbox("    stale_after: 7s\n")).stale_after == 7s);
  CHECK(only_outbox(with_outbox("    stale_after: 7m\n")).stale_after == 7min);
  CHECK(only_outbox(with_outbox("    stale_after: 7h\n")).stale_after == 7h);
  CHECK(only_outbox(with_outbox("    stale_after: 7d\n")).stale_after == 7 * 24h);
  CHECK(only_outbox(with_outbox("    in_flight_bytes: 2000000B\n")).in_flight_bytes == Bytes{2000000});
  CHECK(only_outbox(with_outbox("    in_flight_bytes: 2000KiB\n")).in_flight_bytes == Bytes{2000 * 1024});
  CHECK(only_outbox(with_outbox("    in_flight_bytes: 2GiB\n")).in_flight_bytes == Bytes{2ULL << 30});
}

TEST_CASE("every choice is the one that it is called", "[config]") {
  CHECK(only_outbox(outbox_of_own_table("")).preset == Preset::none);
  CHECK(only_outbox(with_outbox("    completion: mark\n")).completion == Completion::mark);
  CHECK(only_outbox(with_outbox("    completion_commit: asynchronous\n")).completion_commit ==
        CompletionCommit::asynchronous);
  CHECK(only_outbox(with_outbox("    publish_after: visible\n")).publish_after == PublishAfter::visible);
  CHECK(only_outbox(with_outbox("    parked_key: skip\n")).parked_key == ParkedKey::skip);
  CHECK(only_outbox(with_outbox("    coordination: lease\n")).coordination == Coordination::lease);
  CHECK(only_outbox(with_outbox("    coordination: none\n")).coordination == Coordination::none);
  CHECK(loaded(with_outbox("log: {level: debug, format: text}\n")).log.level == LogLevel::debug);
  CHECK(loaded(with_outbox("log: {level: warn, format: logfmt}\n")).log.level == LogLevel::warn);
  CHECK(loaded(with_outbox("log: {level: error, format: json}\n")).log.level == LogLevel::error);
  CHECK(loaded(with_outbox("log: {format: text}\n")).log.format == LogFormat::text);
  CHECK(loaded(with_outbox("log: {format: logfmt}\n")).log.format == LogFormat::logfmt);
  CHECK(loaded(with_outbox("log: {format: json}\n")).log.format == LogFormat::json);
}

TEST_CASE("a table is named as the catalog knows it", "[config]") {
  const auto table = [](const std::string& written) {
    return loaded(with_outbox("  - {name: second, topic: t, table: " + written + "}\n")).outboxes[1].table;
  };
  CHECK(table("shop.outbox") == TableName{"shop", "outbox"});
  CHECK(table("'\"Weird Schema\".\"t\"'") == TableName{"Weird Schema", "t"});
  CHECK(table("'\"with.dot\".\"with\"\"quote\"'") == TableName{"with.dot", "with\"quote"});
  CHECK(table("'büro._t$$1'") == TableName{"büro", "_t$1"});

  CHECK(to_text(TableName{"shop", "outbox"}) == "shop.outbox");
  CHECK(to_text(TableName{"with.dot", "with\"quote"}) == "\"with.dot\".\"with\"\"quote\"");
}

TEST_CASE("an endpoint is IPv4 or IPv6", "[config]") {
  const auto listen = [](const std::string& written) {
    return loaded(with_outbox("http: {listen: \"" + written + "\"}\n")).http.listen;
  };
  CHECK(listen("0.0.0.0:80") == Endpoint{"0.0.0.0", 80});
  CHECK(listen("[::1]:0") == Endpoint{"::1", 0});
  CHECK(listen("[::]:65535") == Endpoint{"::", 65535});
}

TEST_CASE("a byte order mark and Windows line endings are no part of the values", "[config]") {
  std::string text = "\xEF\xBB\xBF" + with_outbox("    message_id_header: id\n");
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.insert(at, "\r");
  CHECK(only_outbox(text).message_id_header == "id");
}

TEST_CASE("all problems of a file are reported, in its order", "[config]") {
  const std::string said = problems(
      "log: {level: loud}\n"
      "postgres: {connection: \"host=db\", conect_timeout: 5s}\n"
      "outboxes:\n"
      "  - name: Orders\n"
      "    table: outbox\n"
      "    poll_interval: ${PAUSE}\n"
      "    topic: \"{type}\"\n"
      "    page_rows: 10\n"
      "    page_rows: 20\n"
      "kafka: {properties: {bootstrap.servers: b, acks: 1}}\n");
  std::vector<std::string> places;
  for (std::size_t at = 0; (at = said.find("relay.yaml:", at)) != std::string::npos; ++at) {
    places.push_back(said.substr(at + 11, said.find(": ", at) - at - 11));
  }
  CHECK(places == std::vector<std::string>{"1:14", "2:35", "4:11", "5:12", "6:20", "7:12", "9:5", "10:44"});
}
