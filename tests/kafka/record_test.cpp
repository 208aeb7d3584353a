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

std::optional<Headers> headers_of(const InFlight& in_flight, const Routing& routing) {
  const std::chrono::system_clock::time_point now{1'709'210'096'007ms};
  RecordMaker maker{routing};
  const auto made = maker.headers_of(in_flight, now);
  if (!made) return std::nullopt;
  Headers headers;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t at = 0; rd_kafka_header_get_all(made.get(), at, &name, &value, &size) == 0; ++at) {
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
