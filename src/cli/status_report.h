#pragma once

#include <span>
#include <string>

#include "postgres/outbox_status.h"

// What `outbox-relay status` writes, as text for people and as JSON for machines. Texts end with a line feed.
namespace outbox_relay::cli {

struct OutboxReport {
  std::string outbox;
  std::string table;
  postgres::OutboxStatus status;
};

/// One line an outbox below a line of names.
[[nodiscard]] std::string to_table(std::span<const OutboxReport> outboxes);
[[nodiscard]] std::string to_json(std::span<const OutboxReport> outboxes);
/// What could not be found out, and why.
[[nodiscard]] std::string to_problems(std::span<const OutboxReport> outboxes);

}  // namespace outbox_relay::cli
