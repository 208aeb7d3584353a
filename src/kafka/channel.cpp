#include "kafka/channel.h"

#include <sys/eventfd.h>

#include <utility>

#include "kafka/housekeeper.h"

namespace outbox_relay::kafka {
namespace {

/// Events read at once, each of up to some thousand reports, before the caller has a turn.
constexpr int most_events = 64;

}  // namespace

Channel::Channel(ProducerSettings settings, ProducerKind kind, Housekeeper& housekeeper, int event_fd,
                 LogCallback log)
    : settings_(std::move(settings)),
      kind_(kind),
      housekeeper_(housekeeper),
      event_fd_(event_fd),
      reader_(kind, std::move(log), Secrets{settings_.secrets}) {}

Channel::~Channel() {
  let_go();
}

void Channel::open() {
  if (producer_) return;
  producer_ = std::make_shared<Producer>(settings_, event_fd_, kind_);
  ::eventfd_write(event_fd_, 1);  // what happened before its queue was armed has signalled nothing
}

void Channel::close() {
  let_go();
  reader_.producer_replaced();
}

void Channel::let_go() {
  if (!producer_) return;
  producer_->disarm();
  handles_.clear();
  housekeeper_.retire(std::move(producer_));
}

ErrorHandle Channel::produce(core::TopicId topic, const std::string& name, Record record) {
  open();
  record.topic = handle_of(topic, name);
  ErrorHandle error = producer_->produce(std::move(record));
  if (!error) reader_.handed_over();
  return error;
}

rd_kafka_topic_t* Channel::handle_of(core::TopicId topic, const std::string& name) {
  const auto index = static_cast<std::size_t>(topic);
  if (index >= handles_.size()) handles_.resize(index + 1);
  TopicHandle& handle = handles_[index];
  if (!handle) handle = producer_->make_topic(name);
  return handle.get();
}

// librdkafka signals only when its queue turns from empty to not empty: so the queue is read to its end, or
// the caller comes again for the rest.
bool Channel::collect(std::vector<relay::DeliveryReport>& into) {
  if (!producer_) return false;
  for (int count = 0; count < most_events; ++count) {
    const EventHandle event = producer_->poll();
    if (!event) return false;
    reader_.read(*producer_, *event, into);
  }
  return true;
}

void Channel::purge(int what) {
  if (producer_) producer_->purge(what);
}

}  // namespace outbox_relay::kafka
