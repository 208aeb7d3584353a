#include "kafka/record.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

namespace outbox_relay::kafka {
namespace {

void add(rd_kafka_headers_t* headers, std::string_view name, const core::Value& value) {
  const char* bytes = nullptr;  // a null value
  if (value) bytes = value->empty() ? "" : value->data();
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), bytes,
                      value ? static_cast<ssize_t>(value->size()) : 0);
}

/// RFC 3339 in UTC, with milliseconds. (g++ 12 has no std::format.)
std::string timestamp_text(std::chrono::system_clock::time_point time) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(milliseconds);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{milliseconds - day};
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

constexpr std::size_t dead_letter_headers = 6;

void add_dead_letter(rd_kafka_headers_t* headers, const core::InFlight& in_flight, const std::string& outbox,
                     std::chrono::system_clock::time_point now) {
  const auto& [failure, topic] = *in_flight.dead_letter;
  add(headers, "dead-letter-reason", core::to_label(failure.reason));
  add(headers, "dead-letter-error", failure.message);
  if (!topic.empty()) add(headers, "dead-letter-topic", topic);
  add(headers, "dead-letter-outbox", outbox);
  add(headers, "dead-letter-row-id", in_flight.row->id.to_string());
  add(headers, "dead-letter-time", timestamp_text(now));
}

}  // namespace

HeadersHandle RecordMaker::headers_of(const core::InFlight& in_flight,
                                      std::chrono::system_clock::time_point now) {
  const core::Row& row = *in_flight.row;
  std::span<const RecordHeader> own;
  if (row.headers) {
    if (const auto read = reader_.read(*row.headers)) {
      own = *read;
    } else if (!in_flight.dead_letter) {
      return nullptr;
    }
  }
  HeadersHandle headers{
      rd_kafka_headers_new(1 + routing_->headers.size() + own.size() + dead_letter_headers)};
  add(headers.get(), routing_->message_id_header, row.message_id);
  for (const core::HeaderRule& rule : routing_->headers) {
    if (rule.value.render(row.attributes, rendered_)) {
      add(headers.get(), rule.name, rendered_);
    } else if (routing_->sends_null_headers) {
      add(headers.get(), rule.name, std::nullopt);
    }
  }
  for (const RecordHeader& header : own) {
    if (header.name != routing_->message_id_header) add(headers.get(), header.name, header.value);
  }
  if (in_flight.dead_letter) add_dead_letter(headers.get(), in_flight, routing_->outbox, now);
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
