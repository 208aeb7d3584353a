#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "postgres/parked_rows.h"

// What `outbox-relay parked` writes, as text for people and as JSON for machines. Texts end with a line feed.
namespace outbox_relay::cli {

/// One line a row below a line of names; nothing where there are no rows.
[[nodiscard]] std::string to_table(std::span<const postgres::ParkedRow> rows);
/// How many there are, in one line.
[[nodiscard]] std::string to_summary(std::span<const postgres::ParkedRow> rows);
[[nodiscard]] std::string to_json(std::string_view outbox, std::span<const postgres::ParkedRow> rows);

/// What `requeue` or `discard` has done, or would do.
struct ReleaseReport {
  std::string_view outbox;
  ParkedAction action = ParkedAction::requeue;
  bool is_dry_run = false;
  postgres::ParkedCount count;
  std::vector<postgres::NotRefused> left_alone;  ///< asked for by id
};

[[nodiscard]] std::string to_text(const ReleaseReport& report);
[[nodiscard]] std::string to_json(const ReleaseReport& report);
/// The rows that were left alone, a line each.
[[nodiscard]] std::string to_problems(const ReleaseReport& report);

}  // namespace outbox_relay::cli
