#include "publisher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "kafka/record.h"
#include "postgres/binary.h"

namespace outbox_relay::bench {
namespace {

constexpr int patience_ms = 30'000;
constexpr std::size_t headers_expected = 8;

std::int32_t partitions_of(rd_kafka_t* client, rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* raw = nullptr;
  if (const auto error = rd_kafka_metadata(client, 0, topic, &raw, patience_ms);
      error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error(rd_kafka_err2str(error));
  }
  const kafka::MetadataHandle metadata{raw};
  return metadata->topics[0].partition_cnt;
}

void add(rd_kafka_headers_t* headers, std::string_view name, std::string_view value) {
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                      static_cast<ssize_t>(value.size()));
}

/// The strings of a flat JSON object in their order: names and values in turn. The benchmark's own rows have
/// no escapes and nothing else in them.
class Strings {
 public:
  explicit Strings(std::string_view json) : rest_(json) {}

  [[nodiscard]] bool next(std::string_view& string) {
    const auto begin = rest_.find('"');
    if (begin == std::string_view::npos) return false;
    const auto end = rest_.find('"', begin + 1);
    string = rest_.substr(begin + 1, end - begin - 1);
    rest_.remove_prefix(end + 1);
    return true;
  }

 private:
  std::string_view rest_;
};

kafka::ProducerSettings settings_for(const std::string& bootstrap) {
  return {.properties = {{"bootstrap.servers", bootstrap}}};
}

}  // namespace

Publisher::Publisher(const std::string& bootstrap, const std::string& topic)
    : event_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      producer_(settings_for(bootstrap), event_fd_),
      topic_(producer_.make_topic(topic)),
      partitions_(partitions_of(producer_.client(), topic_.get())) {
  // What came before the producer's queue was armed has signalled nothing, and a queue that is not empty does
  // not signal again.
  ::eventfd_write(event_fd_, 1);
}

Publisher::~Publisher() {
  producer_.disarm();
  ::close(event_fd_);
}

kafka::HeadersHandle Publisher::headers_of(const postgres::Result& page, int row) {
  kafka::HeadersHandle headers{rd_kafka_headers_new(headers_expected)};
  message_id_.clear();
  postgres::append_uuid(message_id_, page.bytes(row, column::message_id));
  add(headers.get(), "message-id", message_id_);
  add(headers.get(), "event-type", page.bytes(row, column::type));
  Strings strings{page.bytes(row, column::headers)};
  std::string_view name;
  std::string_view value;
  while (strings.next(name) && strings.next(value)) add(headers.get(), name, value);
  return headers;
}

void Publisher::publish(FetchedRow& row) {
  const postgres::Result& page = row.page->result;
  const auto key = page.bytes(row.number, column::key);
  const auto created_at = postgres::read_time(page.bytes(row.number, column::created_at)).value();
  kafka::Record record{
      .topic = topic_.get(),
      .partition =
          rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), partitions_, nullptr, nullptr),
      .key = key,
      .value = page.bytes(row.number, column::payload),
      .headers = headers_of(page, row.number),
      .timestamp = std::chrono::floor<std::chrono::milliseconds>(created_at).time_since_epoch().count(),
      .opaque = &row};
  if (const auto error = producer_.produce(std::move(record))) {
    throw std::runtime_error(rd_kafka_error_string(error.get()));
  }
  ++outstanding_;
}

void Publisher::collect(std::vector<FetchedRow*>& acknowledged) {
  eventfd_t signals = 0;
  ::eventfd_read(event_fd_, &signals);
  while (const auto event = producer_.poll()) {
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_ERROR) {
      throw std::runtime_error(rd_kafka_event_error_string(event.get()));
    }
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const auto* message = rd_kafka_event_message_next(event.get())) {
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw std::runtime_error(rd_kafka_err2str(message->err));
      acknowledged.push_back(static_cast<FetchedRow*>(message->_private));
      --outstanding_;
    }
  }
}

void Publisher::wait() const {
  pollfd readable{.fd = event_fd_, .events = POLLIN, .revents = 0};
  if (::poll(&readable, 1, patience_ms) == 0) throw std::runtime_error("nothing comes from Kafka any more");
}

void Publisher::flush(std::vector<FetchedRow*>& acknowledged) {
  // Sends at once what would wait for linger.ms; the reports come through our own queue.
  rd_kafka_flush(producer_.client(), 0);
  for (collect(acknowledged); outstanding_ > 0; collect(acknowledged)) wait();
}

}  // namespace outbox_relay::bench
