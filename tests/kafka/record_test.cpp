// A record's headers. What a consumer sees of all the rest is tested with a broker.
#include "kafka/record.h"

#include <string>
#include <vector>

#include "support/catch.h"

using namespace std::chrono_literals;
using namespace outbox_relay::core;
using outbox_relay::kafka::RecordMaker;

namespace {

struct Header {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const Header&) const = default;
};
using Headers = std::vector<Header>;

/// The headers, or nothing when the row is refused.
std::optional<Headers> headers_of(const InFlight& in_flight, const Routing& routing) {
  const std::chrono::system_clock::time_point now{1'709'210'096'007ms};
  RecordMaker maker{routing};
  const auto result = maker.headers_of(in_flight, now);
  const auto* made = std::get_if<outbox_relay::kafka::HeadersHandle>(&result);
  if (made == nullptr) return std::nullopt;
  Headers headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t at = 0; rd_kafka_header_get_all(made->get(), at, &name, &value, &size) == 0; ++at) {
    headers.push_back({name, value == nullptr
                                 ? std::nullopt
                                 : std::optional{std::string{static_cast<const char*>(value), size}}});
  }
  return headers;
}

/// A row that was refused on its way to `topic`.
struct Refused {
  Row row;
  InFlight in_flight;
  Routing routing;

  explicit Refused(std::string topic) {
    row.id = RowId{42};
    row.message_id = "m-42";
    routing.outbox = "orders";
    in_flight.row = &row;
    in_flight.dead_letter = std::make_unique<DeadLetter>(
        Failure{Reason::too_large, Remedy::park, "kafka: MSG_SIZE_TOO_LARGE: too large", "raise the limit"},
        std::move(topic));
  }
  [[nodiscard]] std::optional<Headers> headers() const { return headers_of(in_flight, routing); }
};

}  // namespace

TEST_CASE("a dead letter says where it comes from, and why and when it was refused", "[record]") {
  Refused refused{"orders.invoice"};
  refused.row.headers = R"({"trace": "t"})";
  CHECK(refused.headers() == Headers{{"message-id", "m-42"},
                                     {"trace", "t"},
                                     {"dead-letter-reason", "too_large"},
                                     {"dead-letter-error", "kafka: MSG_SIZE_TOO_LARGE: too large"},
                                     {"dead-letter-topic", "orders.invoice"},
                                     {"dead-letter-outbox", "orders"},
                                     {"dead-letter-row-id", "42"},
                                     {"dead-letter-time", "2024-02-29T12:34:56.007Z"}});
}

TEST_CASE("a dead letter that had no topic says nothing about one", "[record]") {
  const Refused refused{""};
  const auto headers = refused.headers();
  REQUIRE(headers);
  CHECK(headers->size() == 6);
  for (const auto& header : *headers) CHECK(header.name != "dead-letter-topic");
}

TEST_CASE("a row whose headers are no object becomes a dead letter without them", "[record]") {
  Refused refused{"orders.invoice"};
  refused.row.headers = "[1]";
  const auto headers = refused.headers();
  REQUIRE(headers);
  CHECK(headers->size() == 7);
  CHECK(headers->front() == Header{"message-id", "m-42"});
  refused.in_flight.dead_letter.reset();
  CHECK_FALSE(refused.headers());
}

TEST_CASE("a configured header whose column is NULL is left out, or sent with a null value", "[record]") {
  const std::vector<Value> attributes = {std::nullopt, ""};
  Row row;
  row.message_id = "m-1";
  row.attributes = attributes;
  InFlight in_flight;
  in_flight.row = &row;
  Routing routing;
  routing.headers = {{"type", Template{{std::size_t{0}}}}, {"tenant", Template{{std::size_t{1}}}}};
  CHECK(headers_of(in_flight, routing) == Headers{{"message-id", "m-1"}, {"tenant", ""}});
  routing.sends_null_headers = true;
  CHECK(headers_of(in_flight, routing) ==
        Headers{{"message-id", "m-1"}, {"type", std::nullopt}, {"tenant", ""}});
}

TEST_CASE("a row that was not refused has no headers of a dead letter", "[record]") {
  Refused refused{"orders.invoice"};
  refused.in_flight.dead_letter.reset();
  CHECK(refused.headers() == Headers{{"message-id", "m-42"}});
}

namespace {

/// A row that goes out as a CloudEvent, of the columns type, subject and trace.
struct Event {
  std::vector<Value> attributes = {"Created", "order-7", std::nullopt};
  Row row;
  InFlight in_flight;
  Routing routing;

  Event() {
    row.message_id = "m-1";
    row.created_at = DatabaseTime{1'767'323'045'678'901us};
    in_flight.row = &row;
    routing.is_cloud_event = true;
    routing.message_id_header = "ce_id";
    routing.headers = {{"ce_source", Template{{"/shop/orders"}}},
                       {"ce_type", Template{{"shop.", std::size_t{0}}}},
                       {"ce_subject", Template{{std::size_t{1}}}},
                       {"ce_traceparent", Template{{std::size_t{2}}}},
                       {"content-type", Template{{"application/json"}}}};
  }
  [[nodiscard]] std::optional<Headers> headers() {
    row.attributes = attributes;
    return headers_of(in_flight, routing);
  }
};

}  // namespace

// CloudEvents, Kafka protocol binding 1.0.2, 3.2.5: the example of binary mode.
TEST_CASE("a CloudEvent has its attributes in headers", "[record]") {
  Event event;
  CHECK(event.headers() == Headers{{"ce_id", "m-1"},
                                   {"ce_specversion", "1.0"},
                                   {"ce_time", "2026-01-02T03:04:05.678Z"},
                                   {"ce_source", "/shop/orders"},
                                   {"ce_type", "shop.Created"},
                                   {"ce_subject", "order-7"},
                                   {"content-type", "application/json"}});
}

TEST_CASE("an optional attribute of a CloudEvent without a value is left out", "[record]") {
  Event event;
  event.attributes[1] = "";
  SECTION("no time at all") {
    event.row.created_at.reset();
  }
  SECTION("a time before the year 1") {
    event.row.created_at = DatabaseTime{-63'000'000'000s};
  }
  SECTION("a time after the year 9999") {
    event.row.created_at = DatabaseTime{253'402'300'800s};
  }
  CHECK(event.headers() == Headers{{"ce_id", "m-1"},
                                   {"ce_specversion", "1.0"},
                                   {"ce_source", "/shop/orders"},
                                   {"ce_type", "shop.Created"},
                                   {"content-type", "application/json"}});
}

TEST_CASE("a row that lacks what a CloudEvent must have is refused, and says what", "[record]") {
  Event event;
  event.routing.headers[1].value = Template{{std::size_t{0}}};
  SECTION("NULL") {
    event.attributes[0] = std::nullopt;
  }
  SECTION("empty") {
    event.attributes[0] = "";
  }
  CHECK_FALSE(event.headers());
  RecordMaker maker{event.routing};
  const auto result = maker.headers_of(event.in_flight, {});
  REQUIRE(std::holds_alternative<Failure>(result));
  CHECK(std::get<Failure>(result).reason == Reason::invalid_headers);
  CHECK(std::get<Failure>(result).remedy == Remedy::park);
  CHECK(std::get<Failure>(result).message ==
        "the row has no value for ce_type, which a CloudEvent must have");

  event.in_flight.dead_letter = std::make_unique<DeadLetter>(std::get<Failure>(result), "orders");
  const auto headers = event.headers();
  REQUIRE(headers);
  CHECK(headers->front() == Header{"ce_id", "m-1"});
}

TEST_CASE("the headers column cannot give an attribute of a CloudEvent twice", "[record]") {
  Event event;
  event.row.headers =
      R"({"ce_id": "x", "ce_specversion": "0.3", "ce_time": "x", "ce_type": "x", "ce_tenant": "acme", "content-type": "x"})";
  const auto headers = event.headers();
  REQUIRE(headers);
  REQUIRE(headers->size() == 8);
  CHECK(headers->back() == Header{"ce_tenant", "acme"});
}
