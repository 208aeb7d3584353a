// What the sink remembers between events. How the events themselves are read is tested with brokers.
#include "kafka/event_reader.h"

#include "support/catch.h"

using namespace outbox_relay::core;
using outbox_relay::kafka::EventReader;
using outbox_relay::kafka::ProducerKind;

namespace {

const Failure away{Reason::connection, Remedy::retry, "no broker answers", ""};
const Failure locked_out{Reason::authentication, Remedy::operate, "wrong password", ""};

EventReader make_reader() {
  return EventReader{ProducerKind::batches, [](std::string_view) {}};
}

}  // namespace

TEST_CASE("a look-up that nobody answers is trouble until one is answered", "[events]") {
  EventReader reader = make_reader();
  CHECK_FALSE(reader.trouble());
  reader.look_up_failed(away);
  REQUIRE(reader.trouble());
  CHECK(reader.trouble()->message == away.message);
  reader.look_up_answered();
  CHECK_FALSE(reader.trouble());
}

TEST_CASE("what only a person can mend is not hidden by its consequences", "[events]") {
  EventReader reader = make_reader();
  reader.look_up_failed(away);
  CHECK(reader.trouble()->remedy == Remedy::retry);
  reader.look_up_failed(locked_out);
  CHECK(reader.trouble()->remedy == Remedy::operate);
  reader.look_up_failed(away);
  CHECK(reader.trouble()->remedy == Remedy::operate);
  reader.look_up_answered();
  CHECK_FALSE(reader.trouble());
}

TEST_CASE("an answered look-up proves nothing while records wait", "[events]") {
  EventReader reader = make_reader();
  reader.look_up_failed(away);
  reader.handed_over();
  reader.look_up_answered();
  CHECK(reader.trouble());
}

TEST_CASE("a producer comes to one end, which a new producer or a person mends", "[events]") {
  EventReader reader = make_reader();
  CHECK_FALSE(reader.end());
  reader.producer_failed({Reason::too_large, Remedy::isolate, "gap", ""});
  REQUIRE(reader.end());
  CHECK(reader.end()->remedy == Remedy::rebuild);
  reader.producer_failed(locked_out);
  CHECK(reader.end()->message == "gap");
  reader.producer_replaced();
  CHECK_FALSE(reader.end());
  reader.producer_failed(locked_out);
  REQUIRE(reader.end());
  CHECK(reader.end()->remedy == Remedy::operate);
}
