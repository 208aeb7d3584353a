#include "cli/status_report.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <variant>
#include <vector>

#include "cli/text_output.h"
#include "core/age.h"

namespace outbox_relay::cli {
namespace {

namespace json = boost::json;
using postgres::LeaseHolder;
using postgres::LockHolder;
using postgres::Sample;

constexpr const char* unknown = "unknown";

std::string count(double rows) {
  return std::isnan(rows) ? unknown : std::to_string(std::llround(rows));
}

std::string backlog(const Sample& sample) {
  return (sample.is_estimate() ? "about " : "") + count(sample.backlog_rows);
}

std::string oldest(const postgres::OutboxStatus& status) {
  if (std::isnan(status.oldest_pending_age_seconds)) return unknown;
  return status.sample.backlog_rows == 0 ? "-" : core::to_age(status.oldest_pending_age_seconds);
}

std::string leader(const postgres::SeenLeader& seen) {
  if (!seen.leader) return seen.is_certain ? "nobody" : unknown;
  return printable(postgres::to_text(*seen.leader));
}

json::value number(double value) {
  return std::isnan(value) ? json::value() : json::value(value);
}

json::value rows(double value) {
  return std::isnan(value) ? json::value() : json::value(std::llround(value));
}

json::value to_json(const LockHolder& holder) {
  return json::object{{"by", "advisory_lock"},
                      {"pid", holder.pid},
                      {"application_name", or_null(holder.application_name)},
                      {"client_address", or_null(holder.client_address)}};
}

json::value to_json(const LeaseHolder& holder) {
  return json::object{{"by", "lease"}, {"holder", holder.name}, {"seconds_left", holder.seconds_left}};
}

json::value to_json(const postgres::SeenLeader& seen) {
  if (!seen.leader) return {};
  return std::visit([](const auto& holder) { return to_json(holder); }, *seen.leader);
}

json::value is_led(const postgres::SeenLeader& seen) {
  if (!seen.leader && !seen.is_certain) return {};
  return seen.leader.has_value();
}

json::object to_json(const OutboxReport& outbox) {
  const auto& status = outbox.status;
  const auto& sample = status.sample;
  json::value watermark;
  if (status.watermark) watermark = *status.watermark;
  json::value problem;
  if (status.problem) problem = json::string(status.problem->message);
  return {{"outbox", outbox.outbox},
          {"table", outbox.table},
          {"backlog_rows", rows(sample.backlog_rows)},
          {"backlog_is_estimate", sample.is_estimate()},
          {"oldest_pending_age_seconds", number(status.oldest_pending_age_seconds)},
          {"parked_rows", rows(sample.parked_rows)},
          {"held_rows", rows(sample.held_rows)},
          {"is_led", is_led(status.leader)},
          {"leader", to_json(status.leader)},
          {"watermark", std::move(watermark)},
          {"table_dead_rows", rows(sample.table_dead_rows)},
          {"oldest_snapshot_age_seconds", number(sample.oldest_snapshot_age_seconds)},
          {"problem", std::move(problem)}};
}

}  // namespace

std::string to_table(std::span<const OutboxReport> outboxes) {
  std::vector<std::vector<std::string>> lines{
      {"OUTBOX", "BACKLOG", "OLDEST", "PARKED", "HELD", "WATERMARK", "LEADER"}};
  for (const auto& [outbox, table, status] : outboxes) {
    lines.push_back({outbox, backlog(status.sample), oldest(status), count(status.sample.parked_rows),
                     count(status.sample.held_rows),
                     status.watermark ? std::to_string(*status.watermark) : unknown, leader(status.leader)});
  }
  return to_columns(lines);
}

std::string to_json(std::span<const OutboxReport> outboxes) {
  json::array list;
  for (const auto& outbox : outboxes) list.push_back(to_json(outbox));
  return json::serialize(json::object{{"outboxes", std::move(list)}}) + '\n';
}

std::string to_problems(std::span<const OutboxReport> outboxes) {
  std::string text;
  for (const auto& [outbox, table, status] : outboxes) {
    if (!status.problem) continue;
    text += "outbox-relay: outbox " + outbox + ": " + printable(status.problem->message) + '\n';
    if (!status.problem->hint.empty()) text += "  hint: " + printable(status.problem->hint) + '\n';
  }
  return text;
}

}  // namespace outbox_relay::cli
