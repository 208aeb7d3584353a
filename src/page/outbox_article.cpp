#include "page/outbox_article.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/age.h"
#include "page/html.h"
#include "page/words.h"

namespace outbox_relay::page {

namespace {

using telemetry::OutboxOverview;
using telemetry::Trouble;
using telemetry::WallTime;

/// A figure with its name. `unit` stands small behind it, and not behind what is unknown.
std::string figure(std::string_view name, const std::string& value, const std::string& unit = {}) {
  std::string html = "<div><dt>";
  html.append(name).append("</dt><dd>").append(value);
  if (!unit.empty() && value != "unknown") html.append(" <small>").append(unit).append("</small>");
  return html + "</dd></div>\n";
}

std::string rows_figure(std::string_view name, const std::string& rows) {
  return figure(name, rows, rows == "1" ? "row" : "rows");
}

std::string backlog(const OutboxOverview& outbox) {
  return (outbox.backlog_is_estimate ? "about " : "") + count(outbox.backlog_rows);
}

std::string oldest(const OutboxOverview& outbox) {
  if (std::isnan(outbox.backlog_rows) || std::isnan(outbox.oldest_pending_age_seconds)) return "unknown";
  return outbox.backlog_rows == 0 ? "none" : core::to_age(std::max(outbox.oldest_pending_age_seconds, 0.0));
}

std::string figures(const OutboxOverview& outbox) {
  return "<dl>\n" + rows_figure("Backlog", backlog(outbox)) + figure("Oldest pending", oldest(outbox)) +
         figure("Acknowledged", speed(outbox.acknowledged_per_second), "rows/s") +
         figure("In flight", count(outbox.in_flight_rows), "of " + count(outbox.in_flight_limit_rows)) +
         rows_figure("Parked", count(outbox.parked_rows)) +
         rows_figure("Held behind", count(outbox.held_rows)) + "</dl>\n";
}

std::string time_of(WallTime time) {
  return "<time>" + moment(time) + "</time>";
}

std::string when(const Trouble& trouble, WallTime now) {
  if (!trouble.lasts) return time_of(trouble.latest) + ", " + age(trouble.latest, now) + " ago";
  if (trouble.times == 1) return "since " + time_of(trouble.since) + ", for " + age(trouble.since, now);
  return std::to_string(trouble.times) + " times since " + time_of(trouble.since) + ", latest " +
         age(trouble.latest, now) + " ago";
}

std::string to_item(const Trouble& trouble, WallTime now) {
  std::string html = "<li>\n<p class=\"what\">";
  html.append(facts_of(trouble.message).text).append(" <code>").append(to_label(trouble.failure.reason));
  html.append("</code></p>\n<p>");
  if (!trouble.subject.empty()) html.append(to_html(trouble.subject)).append(": ");
  html.append(to_html_with_code(trouble.failure.message)).append("</p>\n");
  html.append("<p class=\"hint\"><strong>What to do:</strong> ");
  html.append(to_html_with_code(advice_on(trouble))).append("</p>\n");
  return html.append("<p class=\"faint\">").append(when(trouble, now)).append("</p>\n</li>\n");
}

/// Either all of them last, or there is one that is over.
std::string troubles(const OutboxOverview& outbox, WallTime now) {
  if (outbox.troubles.empty()) return {};
  const bool lasts = outbox.troubles.front().lasts;
  std::string html =
      lasts ? "<h3>What is wrong</h3>\n<ul>\n" : "<h3>Last failure, over</h3>\n<ul class=\"over\">\n";
  for (const auto& trouble : outbox.troubles) html += to_item(trouble, now);
  return html + "</ul>\n";
}

std::string readiness(const OutboxOverview& outbox) {
  return (outbox.readiness.is_good ? "ready: " : "not ready: ") + to_html(outbox.readiness.reason);
}

}  // namespace

std::string to_article(const OutboxOverview& outbox, WallTime now) {
  const auto tone = tone_of(outbox);
  std::string html = "<article class=\"";
  html.append(to_class(tone)).append("\">\n<h2>").append(to_html(outbox.name)).append("</h2>\n");
  html.append("<p class=\"state\"><span aria-hidden=\"true\">").append(to_sign(tone)).append("</span> ");
  html.append(state_of(outbox)).append("</p>\n");
  html.append("<p class=\"faint\">").append(role_of(outbox)).append("; ").append(readiness(outbox));
  return html.append("</p>\n").append(figures(outbox)).append(troubles(outbox, now)).append("</article>\n");
}

}  // namespace outbox_relay::page
