#pragma once

#include <array>
#include <string_view>

// CloudEvents in Kafka's binary mode: the attributes of an event are headers of its record. Both the
// configuration's checks and the records are made by these rules.
// Source: CloudEvents 1.0, core specification (attribute names, required attributes) and Kafka protocol
// binding, 3.2 (binary content mode), https://github.com/cloudevents/spec
namespace outbox_relay::core::cloud_event {

/// What the relay itself fills in.
inline constexpr std::string_view id_header = "ce_id";
inline constexpr std::string_view specversion_header = "ce_specversion";
inline constexpr std::string_view time_header = "ce_time";
inline constexpr std::string_view specversion = "1.0";

/// What an event must have and the relay cannot know.
inline constexpr std::array<std::string_view, 2> required_headers = {"ce_source", "ce_type"};

/// The media type of `data`; an event in structured mode is told by its beginning.
inline constexpr std::string_view content_type_header = "content-type";
inline constexpr std::string_view structured_mode = "application/cloudevents";

/// Whether a header is an attribute of the event. No attribute has an empty value.
[[nodiscard]] bool is_attribute(std::string_view header);
/// Whether the header of an attribute has a name that CloudEvents takes: lower-case letters and digits.
[[nodiscard]] bool is_attribute_name(std::string_view header);
[[nodiscard]] bool is_required(std::string_view header);

}  // namespace outbox_relay::core::cloud_event
