#pragma once

#include <string>
#include <string_view>

#include "config/config.h"
#include "config/parsed.h"

// The formats of single texts that are neither numbers, tables nor templates.
namespace outbox_relay::config {

/// A label: `[a-z0-9_-]`, 1 to 63.
[[nodiscard]] Parsed<std::string> parse_name(std::string_view text);

/// A name in PostgreSQL's catalog, as it is there: without quotes, in the right case.
[[nodiscard]] Parsed<std::string> parse_identifier(std::string_view text);

/// A text with at least one character, and none that is not printable.
[[nodiscard]] Parsed<std::string> parse_text(std::string_view text);

/// A constant topic or a template whose literal parts Kafka takes.
[[nodiscard]] Parsed<Template> parse_topic(std::string_view text);

[[nodiscard]] Parsed<std::string> parse_topic_name(std::string_view text);

/// A topic, or the beginning of topics and a `*`.
[[nodiscard]] Parsed<std::string> parse_topic_pattern(std::string_view text);

/// `127.0.0.1:8980`, `[::1]:8980`.
[[nodiscard]] Parsed<Endpoint> parse_endpoint(std::string_view text);

}  // namespace outbox_relay::config
