#include "core/routing.h"

#include "rows.h"
#include "support/catch.h"

using namespace outbox_relay::core;
using namespace outbox_relay::core::testing;

namespace {

Row row_with(const Value& attribute) {
  static std::vector<Value> attributes;
  attributes = {attribute};
  Row result = row(1);
  result.attributes = attributes;
  return result;
}

Routing templated() {
  Routing routing;
  routing.columns = {"aggregatetype"};
  routing.topic = Template{{std::string{"orders."}, std::size_t{0}}};
  return routing;
}

std::string failure_of(TopicNames& topics, const Row& row) {
  const auto topic = topics.of(row);
  const auto* failure = std::get_if<Failure>(&topic);
  return failure != nullptr ? failure->message : "";
}

}  // namespace

TEST_CASE("a row's topic comes from its columns, and each name is numbered once", "[routing]") {
  const Routing routing = templated();
  TopicNames topics{routing};
  const auto paid = std::get<TopicId>(topics.of(row_with("paid")));
  const auto shipped = std::get<TopicId>(topics.of(row_with("shipped")));
  CHECK(topics.name(paid) == "orders.paid");
  CHECK(topics.name(shipped) == "orders.shipped");
  CHECK(std::get<TopicId>(topics.of(row_with("paid"))) == paid);
  CHECK(topics.size() == 2);
}

TEST_CASE("a row without a proper topic is refused, and its values are not told", "[routing]") {
  Routing routing = templated();
  SECTION("NULL") {
    TopicNames topics{routing};
    CHECK(failure_of(topics, row_with(std::nullopt)) == "a column that the topic's template names is NULL");
  }
  SECTION("a character that Kafka does not take") {
    TopicNames topics{routing};
    CHECK(failure_of(topics, row_with("a b")) ==
          "the topic's template makes a name that Kafka does not take");
  }
  SECTION("not among the allowed ones") {
    routing.allowed_topics = {"orders.paid", "orders.ship*"};
    TopicNames topics{routing};
    CHECK(failure_of(topics, row_with("paid")).empty());
    CHECK(failure_of(topics, row_with("shipped")).empty());
    CHECK(failure_of(topics, row_with("paid2")) ==
          "the topic's template makes a name that is not among `allowed_topics`");
  }
}

TEST_CASE("Kafka's rules for topic names", "[routing]") {
  CHECK(is_topic_name("Orders_v1.paid-2"));
  CHECK(is_topic_name(std::string(249, 'a')));
  CHECK_FALSE(is_topic_name(std::string(250, 'a')));
  CHECK_FALSE(is_topic_name(""));
  CHECK_FALSE(is_topic_name("."));
  CHECK_FALSE(is_topic_name(".."));
  CHECK_FALSE(is_topic_name("a/b"));
  CHECK_FALSE(is_topic_name("\xc3\xa4"));
}

TEST_CASE("a template without columns is a constant", "[routing]") {
  CHECK(Template{{std::string{"orders"}}}.is_constant());
  CHECK_FALSE(templated().topic.is_constant());
}
