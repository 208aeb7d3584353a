#include "kafka/event_reader.h"

#include <array>
#include <cassert>
#include <string>

#include "kafka/classify.h"

namespace outbox_relay::kafka {
namespace {

core::Failure false_ack() {
  return {core::Reason::false_ack, core::Remedy::rebuild,
          "kafka: a record was reported as delivered, but to no offset: librdkafka took another record's ack "
          "for it",
          ""};
}

}  // namespace

core::Failure as_end(core::Failure failure) {
  if (failure.remedy != core::Remedy::operate) failure.remedy = core::Remedy::rebuild;
  return failure;
}

void EventReader::read(const Producer& producer, rd_kafka_event_t& event,
                       std::vector<relay::DeliveryReport>& into) {
  switch (rd_kafka_event_type(&event)) {
    case RD_KAFKA_EVENT_DR:
      while (const rd_kafka_message_t* message = rd_kafka_event_message_next(&event)) {
        into.push_back(delivered(*message));
      }
      break;
    case RD_KAFKA_EVENT_ERROR:
      read_error(producer, event);
      break;
    case RD_KAFKA_EVENT_LOG:
      read_log(event);
      break;
    default:
      break;  // no other kind is switched on
  }
}

relay::DeliveryReport EventReader::delivered(const rd_kafka_message_t& message) {
  assert(outstanding_ > 0);
  --outstanding_;
  auto* const row = static_cast<core::InFlight*>(message._private);
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return {row, classify(message.err, kind_ == ProducerKind::probe ? Origin::probe : Origin::delivery)};
  }
  // The tripwire. Refused records were seen reported as delivered [1000 acks, 999 records in the log]: those
  // had no offset.
  if (message.offset < 0 || rd_kafka_message_status(&message) != RD_KAFKA_MSG_STATUS_PERSISTED) {
    return {row, false_ack()};
  }
  trouble_.reset();
  return {row, std::nullopt};
}

void EventReader::read_error(const Producer& producer, rd_kafka_event_t& event) {
  const rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
  if (code == RD_KAFKA_RESP_ERR__FATAL || rd_kafka_event_error_is_fatal(&event) != 0) {
    std::array<char, 512> text{};
    const rd_kafka_resp_err_t cause = rd_kafka_fatal_error(producer.client(), text.data(), text.size());
    producer_failed(classify(cause, Origin::producer, secrets_.out_of(text.data())));
    return;
  }
  core::Failure failure =
      classify(code, Origin::producer, secrets_.out_of(rd_kafka_event_error_string(&event)));
  login_refused_ |= failure.reason == core::Reason::authentication;
  if (failure.remedy != core::Remedy::operate) {
    failure.remedy = core::Remedy::retry;  // librdkafka goes on trying by itself
    // "1/1 brokers are down" follows the text that says why, which is the better one.
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !broker_failure_) broker_failure_ = failure;
    if (outstanding_ == 0) return;
    failure = *broker_failure_;
  }
  begin_trouble(std::move(failure));
}

void EventReader::producer_failed(core::Failure failure) {
  if (!end_) end_ = as_end(std::move(failure));
}

void EventReader::producer_replaced() {
  assert(outstanding_ == 0);
  end_.reset();
  broker_failure_.reset();
}

void EventReader::look_up_failed(core::Failure failure) {
  begin_trouble(broker_failure_ ? *broker_failure_ : std::move(failure));
}

void EventReader::look_up_answered() {
  broker_failure_.reset();
  if (outstanding_ == 0) trouble_.reset();
}

void EventReader::begin_trouble(core::Failure failure) {
  // A refused login also looks like a broker that cannot be reached: that must not hide the cause.
  if (trouble_ && trouble_->remedy == core::Remedy::operate) return;
  trouble_ = std::move(failure);
}

void EventReader::read_log(rd_kafka_event_t& event) const {
  const char* facility = nullptr;
  const char* text = nullptr;
  int level = 0;
  if (rd_kafka_event_log(&event, &facility, &text, &level) != 0) return;
  log_(std::string{facility} + ": " + secrets_.out_of(text));
}

}  // namespace outbox_relay::kafka
