#include "kafka/record.h"

#include <algorithm>
#include <string_view>

namespace outbox_relay::kafka {
namespace {

void add(rd_kafka_headers_t* headers, std::string_view name, const core::Value& value) {
  const char* bytes = nullptr;  // a null value
  if (value) bytes = value->empty() ? "" : value->data();
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), bytes,
                      value ? static_cast<ssize_t>(value->size()) : 0);
}

}  // namespace

HeadersHandle RecordMaker::headers_of(const core::Row& row) {
  std::span<const RecordHeader> own;
  if (row.headers) {
    const auto read = reader_.read(*row.headers);
    if (!read) return nullptr;
    own = *read;
  }
  HeadersHandle headers{rd_kafka_headers_new(1 + routing_->headers.size() + own.size())};
  add(headers.get(), routing_->message_id_header, row.message_id);
  for (const core::HeaderRule& rule : routing_->headers) {
    if (rule.value.render(row.attributes, rendered_)) add(headers.get(), rule.name, rendered_);
  }
  for (const RecordHeader& header : own) {
    if (header.name != routing_->message_id_header) add(headers.get(), header.name, header.value);
  }
  return headers;
}

std::optional<std::int64_t> timestamp_of(const core::Row& row, std::chrono::system_clock::time_point now) {
  if (!row.created_at) return std::nullopt;
  const auto in_milliseconds = [](auto time) {
    return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  };
  const std::int64_t timestamp =
      std::min<std::int64_t>(in_milliseconds(*row.created_at), in_milliseconds(now));
  return timestamp > 0 ? std::optional{timestamp} : std::nullopt;
}

}  // namespace outbox_relay::kafka
