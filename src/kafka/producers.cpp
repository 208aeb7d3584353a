#include "kafka/producers.h"

#include <string>
#include <utility>

#include "kafka/housekeeper.h"

namespace outbox_relay::kafka {

Producers::Producers(ProducerSettings settings, Housekeeper& housekeeper, int event_fd, LogCallback log)
    : settings_(std::move(settings)),
      housekeeper_(housekeeper),
      event_fd_(event_fd),
      log_(std::move(log)),
      widest_(settings_, ProducerKind::batches, housekeeper_, event_fd_, log_) {
  open_widest();
  largest_batch_ = widest_.producer()->batch_size();
}

Channel& Producers::of(int batch_size) {
  if (batch_size == largest_batch_) return widest_;
  if (const auto known = narrower_.find(batch_size); known != narrower_.end()) return known->second;
  ProducerSettings settings = settings_;
  settings.properties.emplace_back("batch.size", std::to_string(batch_size));  // the later one wins
  return narrower_
      .try_emplace(batch_size, std::move(settings), ProducerKind::batches, housekeeper_, event_fd_, log_)
      .first->second;
}

std::size_t Producers::outstanding() const {
  std::size_t sum = widest_.outstanding();
  for (const auto& [batch_size, channel] : narrower_) sum += channel.outstanding();
  return sum;
}

void Producers::purge(int what) {
  for_each([what](Channel& channel) { channel.purge(what); });
}

void Producers::replace() {
  for_each([](Channel& channel) { channel.close(); });
  open_widest();
}

void Producers::open_widest() {
  widest_.open();
  housekeeper_.use(widest_.producer());
}

}  // namespace outbox_relay::kafka
