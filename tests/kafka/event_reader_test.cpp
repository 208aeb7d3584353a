// What the sink remembers between events. How the events themselves are read is tested with brokers.
#include "kafka/event_reader.h"

#include "support/catch.h"

using namespace outbox_relay::core;
using outbox_relay::kafka::EventReader;
using outbox_relay::relay::SinkEvents;

namespace {

const Failure away{Reason::connection, Remedy::retry, "no broker answers", ""};
const Failure locked_out{Reason::authentication, Remedy::operate, "wrong password", ""};

EventReader make_reader() {
  return EventReader{[](outbox_relay::kafka::LogLevel, std::string_view) {}};
}

SinkEvents trouble_of(EventReader& reader) {
  SinkEvents events;
  reader.report_trouble(events);
  return events;
}

}  // namespace

TEST_CASE("trouble is told when it begins and when it ends, and not between", "[events]") {
  EventReader reader = make_reader();
  CHECK_FALSE(trouble_of(reader).recovered);
  reader.look_up_failed(away);
  CHECK(trouble_of(reader).trouble->message == away.message);
  reader.look_up_failed(away);
  CHECK_FALSE(trouble_of(reader).trouble);
  reader.look_up_answered();
  CHECK(trouble_of(reader).recovered);
  reader.look_up_answered();
  CHECK_FALSE(trouble_of(reader).recovered);
  reader.look_up_failed(away);
  CHECK(trouble_of(reader).trouble);
}

TEST_CASE("what only a person can mend is told at once, and not hidden by its consequences", "[events]") {
  EventReader reader = make_reader();
  reader.look_up_failed(away);
  CHECK(trouble_of(reader).trouble->remedy == Remedy::retry);
  reader.look_up_failed(locked_out);
  CHECK(trouble_of(reader).trouble->remedy == Remedy::operate);
  reader.look_up_failed(away);
  CHECK_FALSE(trouble_of(reader).trouble);
  reader.look_up_answered();
  CHECK(trouble_of(reader).recovered);
}

TEST_CASE("an answered look-up proves nothing while records wait", "[events]") {
  EventReader reader = make_reader();
  reader.look_up_failed(away);
  CHECK(trouble_of(reader).trouble);
  reader.handed_over();
  reader.look_up_answered();
  CHECK_FALSE(trouble_of(reader).recovered);
}

TEST_CASE("a producer's end is told once", "[events]") {
  EventReader reader = make_reader();
  SinkEvents events;
  reader.producer_failed({Reason::too_large, Remedy::isolate, "gap", ""}, events);
  REQUIRE(events.broken);
  CHECK(events.broken->remedy == Remedy::rebuild);
  events = {};
  reader.producer_failed(locked_out, events);
  CHECK_FALSE(events.broken);
  reader.producer_replaced();
  reader.producer_failed(locked_out, events);
  REQUIRE(events.broken);
  CHECK(events.broken->remedy == Remedy::operate);
}
