#include "kafka/channel.h"

#include <sys/eventfd.h>

#include <utility>

#include "core/failure.h"
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
      log_(std::move(log)),
      reader_(kind, log_, Secrets{settings_.secrets}) {}

Channel::~Channel() {
  let_go();
}

void Channel::open() {
  if (producer_) return;
  const ProducerSettings present = with_present_secrets(settings_);
  reader_.hide(present.secrets);
  producer_ = std::make_shared<Producer>(present, event_fd_, kind_);
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
    if (reader_.take_refused_login()) renew_login();
  }
  return true;
}

// librdkafka goes on trying by itself, with what it was told last.
void Channel::renew_login() {
  if (!settings_.read_secrets) return;
  try {
    const ProducerSettings present = with_present_secrets(settings_);
    reader_.hide(present.secrets);
    const auto username = effective_value(present, "sasl.username");
    const auto password = effective_value(present, "sasl.password");
    if (!username.empty() && !password.empty())
      producer_->set_login(std::string{username}, std::string{password});
  } catch (const core::FailureError& error) {
    log_("the password is as before: " + error.failure().message);
  }
}

void Channel::purge(int what) {
  if (producer_) producer_->purge(what);
}

}  // namespace outbox_relay::kafka
