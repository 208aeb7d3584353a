#include "kafka/trouble.h"

#include "support/catch.h"

using namespace outbox_relay::core;
using outbox_relay::kafka::graver;
using outbox_relay::kafka::TroubleTeller;
using outbox_relay::relay::SinkEvents;

namespace {

const Failure away{Reason::connection, Remedy::retry, "no broker answers", ""};
const Failure away_too{Reason::connection, Remedy::retry, "no broker answers the other producer", ""};
const Failure locked_out{Reason::authentication, Remedy::operate, "wrong password", ""};

SinkEvents told(TroubleTeller& teller, const Failure* now) {
  SinkEvents events;
  teller.tell(now, events);
  return events;
}

}  // namespace

TEST_CASE("trouble is told when it begins and when it ends, and not between", "[trouble]") {
  TroubleTeller teller;
  CHECK_FALSE(told(teller, nullptr).recovered);
  CHECK(told(teller, &away).trouble->message == away.message);
  CHECK_FALSE(told(teller, &away).trouble);
  CHECK_FALSE(told(teller, &away_too).trouble);
  CHECK(told(teller, nullptr).recovered);
  CHECK_FALSE(told(teller, nullptr).recovered);
  CHECK(told(teller, &away).trouble);
}

TEST_CASE("that a person is needed is told at once", "[trouble]") {
  TroubleTeller teller;
  CHECK(told(teller, &away).trouble);
  const SinkEvents graver_now = told(teller, &locked_out);
  REQUIRE(graver_now.trouble);
  CHECK(graver_now.trouble->remedy == Remedy::operate);
  CHECK_FALSE(graver_now.recovered);
}

TEST_CASE("of two producers' troubles the one that needs a person is told", "[trouble]") {
  CHECK(graver(nullptr, nullptr) == nullptr);
  CHECK(graver(&away, nullptr) == &away);
  CHECK(graver(nullptr, &away) == &away);
  CHECK(graver(&away, &away_too) == &away);
  CHECK(graver(&away, &locked_out) == &locked_out);
  CHECK(graver(&locked_out, &away) == &locked_out);
}
