#include "arrivals.h"

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace outbox_relay::bench {
namespace {

constexpr int turn_ms = 50;

rd_kafka_t* make_consumer(const std::string& bootstrap) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* configuration = rd_kafka_conf_new();
  // A fetch is answered as soon as there is a record; between two of them nothing waits.
  for (const auto& [name, value] : {std::pair{"bootstrap.servers", bootstrap.c_str()},
                                    {"fetch.min.bytes", "1"},
                                    {"fetch.error.backoff.ms", "1"},
                                    {"socket.nagle.disable", "true"}}) {
    rd_kafka_conf_set(configuration, name, value, nullptr, 0);
  }
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, configuration, problem.data(), problem.size());
  if (client == nullptr) throw std::runtime_error(problem.data());
  return client;
}

}  // namespace

Arrivals::Arrivals(const std::string& bootstrap, const std::string& topic, int partitions,
                   std::size_t records)
    : times_(records),
      partitions_(partitions),
      client_(make_consumer(bootstrap)),
      topic_(rd_kafka_topic_new(client_, topic.c_str(), nullptr)),
      queue_(rd_kafka_queue_new(client_)) {
  for (int partition = 0; partition < partitions_; ++partition) {
    rd_kafka_consume_start_queue(topic_, partition, RD_KAFKA_OFFSET_BEGINNING, queue_);
  }
  consumer_ = std::thread{[this] { consume(); }};
}

Arrivals::~Arrivals() {
  is_over_ = true;
  consumer_.join();
  for (int partition = 0; partition < partitions_; ++partition) rd_kafka_consume_stop(topic_, partition);
  rd_kafka_queue_destroy(queue_);
  rd_kafka_topic_destroy(topic_);
  rd_kafka_destroy(client_);
}

void Arrivals::consume() {
  while (!is_over_) {
    rd_kafka_message_t* message = rd_kafka_consume_queue(queue_, turn_ms);
    if (message == nullptr) continue;
    const auto now = Clock::now();
    std::size_t number = times_.size();
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      const auto* text = static_cast<const char*>(message->payload);
      std::from_chars(text, text + message->len, number);
    }
    if (number < times_.size()) {
      times_[number] = now;
      ++count_;
    }
    rd_kafka_message_destroy(message);
  }
}

}  // namespace outbox_relay::bench
