#include "cli/parked_report.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstddef>
#include <vector>

#include "cli/text_output.h"

namespace outbox_relay::cli {
namespace {

namespace json = boost::json;

/// The database's text for a time in UTC as RFC 3339 has it.
std::string to_rfc_3339(std::string text) {
  if (!text.ends_with("+00")) return text;
  text.replace(text.size() - 3, 3, "Z");
  std::ranges::replace(text, ' ', 'T');
  return text;
}

std::size_t held_behind(std::span<const postgres::ParkedRow> rows) {
  std::size_t sum = 0;
  for (const auto& row : rows) sum += static_cast<std::size_t>(row.rows_behind);
  return sum;
}

std::vector<std::string> to_line(const postgres::ParkedRow& row) {
  return {printable(row.id),
          std::string(core::to_label(row.reason)),
          std::to_string(row.attempts),
          to_rfc_3339(row.parked_at),
          row.created_at ? to_rfc_3339(*row.created_at) : "-",
          row.has_key ? "yes" : "no",
          std::to_string(row.rows_behind),
          printable(row.error)};
}

}  // namespace

std::string to_table(std::span<const postgres::ParkedRow> rows) {
  if (rows.empty()) return {};
  std::vector<std::vector<std::string>> lines{
      {"ID", "REASON", "ATTEMPTS", "PARKED_AT", "CREATED_AT", "HAS_KEY", "HELD_ROWS", "ERROR"}};
  for (const auto& row : rows) lines.push_back(to_line(row));
  return to_columns(lines);
}

std::string to_summary(std::span<const postgres::ParkedRow> rows) {
  if (rows.empty()) return "no refused row\n";
  std::string text = number_of(rows.size(), "refused row");
  if (const auto held = held_behind(rows); held > 0)
    text += ", " + rows_of(held) + (held == 1 ? " waits" : " wait") + " behind";
  return text + '\n';
}

std::string to_json(std::string_view outbox, std::span<const postgres::ParkedRow> rows) {
  json::array list;
  for (const auto& row : rows) {
    json::value created_at;
    if (row.created_at) created_at = json::string(to_rfc_3339(*row.created_at));
    list.push_back(json::object{{"id", row.id},
                                {"reason", core::to_label(row.reason)},
                                {"error", row.error},
                                {"attempts", row.attempts},
                                {"parked_at", to_rfc_3339(row.parked_at)},
                                {"created_at", std::move(created_at)},
                                {"has_key", row.has_key},
                                {"held_rows", row.rows_behind}});
  }
  return json::serialize(json::object{{"outbox", outbox},
                                      {"refused_rows", rows.size()},
                                      {"held_rows", held_behind(rows)},
                                      {"rows", std::move(list)}}) +
         '\n';
}

std::string to_text(const ReleaseReport& report) {
  const auto& [outbox, action, is_dry_run, count, left_alone] = report;
  const bool is_discard = action == ParkedAction::discard;
  if (count.refused == 0) return is_discard ? "nothing to discard\n" : "nothing to requeue\n";

  const std::string discarded = is_dry_run ? "would discard " : "discarded ";
  const std::string requeued = is_dry_run ? "would requeue " : "requeued ";
  std::string text = (is_discard ? discarded : requeued) + rows_of(count.refused);
  if (is_discard) text += is_dry_run ? ", which would never be published" : ", which will never be published";
  if (count.behind == 0) return text + '\n';
  text += is_discard ? ", and " + requeued : " and ";
  text += rows_of(count.behind) + " behind";
  return text + '\n';
}

std::string to_json(const ReleaseReport& report) {
  json::array left_alone;
  for (const auto& row : report.left_alone) {
    left_alone.push_back(json::object{{"id", row.id}, {"behind", or_null(row.behind)}});
  }
  return json::serialize(
             json::object{{"outbox", report.outbox},
                          {"action", report.action == ParkedAction::discard ? "discard" : "requeue"},
                          {"dry_run", report.is_dry_run},
                          {"refused_rows", report.count.refused},
                          {"held_rows", report.count.behind},
                          {"left_alone", std::move(left_alone)}}) +
         '\n';
}

std::string to_problems(const ReleaseReport& report) {
  std::string text;
  for (const auto& row : report.left_alone) {
    text += "outbox-relay: row " + printable(row.id);
    text += row.behind ? " was not refused itself, it waits behind row " + printable(*row.behind) +
                             "\n  hint: requeue or discard that one\n"
                       : " is not parked\n";
  }
  return text;
}

}  // namespace outbox_relay::cli
