#include "kafka/record.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "core/cloud_event.h"

namespace outbox_relay::kafka {
namespace {

void add(rd_kafka_headers_t* headers, std::string_view name, const core::Value& value) {
  const char* bytes = nullptr;  // a null value
  if (value) bytes = value->empty() ? "" : value->data();
  rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), bytes,
                      value ? static_cast<ssize_t>(value->size()) : 0);
}

using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

/// RFC 3339 in UTC, of a year with four digits. (g++ 12 has no std::format.)
std::string timestamp_text(Milliseconds milliseconds) {
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

constexpr std::size_t most_event_headers = 2;
constexpr std::size_t dead_letter_headers = 6;

void add_dead_letter(rd_kafka_headers_t* headers, const core::InFlight& in_flight, const std::string& outbox,
                     std::chrono::system_clock::time_point now) {
  const auto& [failure, topic] = *in_flight.dead_letter;
  add(headers, "dead-letter-reason", core::to_label(failure.reason));
  add(headers, "dead-letter-error", failure.message);
  if (!topic.empty()) add(headers, "dead-letter-topic", topic);
  add(headers, "dead-letter-outbox", outbox);
  add(headers, "dead-letter-row-id", in_flight.row->id.to_string());
  add(headers, "dead-letter-time", timestamp_text(std::chrono::floor<std::chrono::milliseconds>(now)));
}

core::Failure no_object() {
  return {core::Reason::invalid_headers, core::Remedy::park,
          "the headers column holds something else than a JSON object",
          "write an object of strings, or NULL"};
}

core::Failure no_event(const std::string& attribute) {
  return {core::Reason::invalid_headers, core::Remedy::park,
          "the row has no value for " + attribute + ", which a CloudEvent must have",
          "make the column that `headers` names for it NOT NULL"};
}

/// The time of an event; nothing where RFC 3339 has no text for it.
std::optional<Milliseconds> event_time(const core::Row& row) {
  using namespace std::chrono;
  static constexpr sys_days first{1d / January / 1};
  static constexpr sys_days last{1d / January / 10000};
  if (!row.created_at || *row.created_at < first || *row.created_at >= last) return std::nullopt;
  return floor<milliseconds>(*row.created_at);
}

}  // namespace

std::variant<HeadersHandle, core::Failure> RecordMaker::headers_of(
    const core::InFlight& in_flight, std::chrono::system_clock::time_point now) {
  const core::Row& row = *in_flight.row;
  std::span<const RecordHeader> own;
  if (row.headers) {
    if (const auto read = reader_.read(*row.headers)) {
      own = *read;
    } else if (!in_flight.dead_letter) {
      return no_object();
    }
  }
  HeadersHandle headers{rd_kafka_headers_new(1 + most_event_headers + routing_->headers.size() + own.size() +
                                             dead_letter_headers)};
  add(headers.get(), routing_->message_id_header, row.message_id);
  if (routing_->is_cloud_event) add_event(headers.get(), row);
  const core::HeaderRule* missing = add_configured(headers.get(), row);
  if (missing != nullptr && !in_flight.dead_letter) return no_event(missing->name);
  for (const RecordHeader& header : own) {
    if (!is_taken(header.name)) add(headers.get(), header.name, header.value);
  }
  if (in_flight.dead_letter) add_dead_letter(headers.get(), in_flight, routing_->outbox, now);
  return headers;
}

void RecordMaker::add_event(rd_kafka_headers_t* headers, const core::Row& row) const {
  add(headers, core::cloud_event::specversion_header, core::cloud_event::specversion);
  if (const auto time = event_time(row)) {
    add(headers, core::cloud_event::time_header, timestamp_text(*time));
  }
}

const core::HeaderRule* RecordMaker::add_configured(rd_kafka_headers_t* headers, const core::Row& row) {
  const core::HeaderRule* missing = nullptr;
  for (const core::HeaderRule& rule : routing_->headers) {
    const bool is_attribute = routing_->is_cloud_event && core::cloud_event::is_attribute(rule.name);
    if (rule.value.render(row.attributes, rendered_) && !(is_attribute && rendered_.empty())) {
      add(headers, rule.name, rendered_);
    } else if (routing_->sends_null_headers) {
      add(headers, rule.name, std::nullopt);
    } else if (is_attribute && core::cloud_event::is_required(rule.name) && missing == nullptr) {
      missing = &rule;
    }
  }
  return missing;
}

// Headers may repeat; the attributes of an event may not.
bool RecordMaker::is_taken(std::string_view name) const {
  if (name == routing_->message_id_header) return true;
  if (!routing_->is_cloud_event) return false;
  return name == core::cloud_event::specversion_header || name == core::cloud_event::time_header ||
         std::ranges::any_of(routing_->headers,
                             [&](const core::HeaderRule& rule) { return rule.name == name; });
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
