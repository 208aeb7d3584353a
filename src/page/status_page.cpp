#include "page/status_page.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>

#include "core/age.h"
#include "page/embedded.h"
#include "page/html.h"
#include "page/outbox_article.h"
#include "page/words.h"

namespace outbox_relay::page {

namespace {

using telemetry::Overview;

struct Summary {
  Tone tone = Tone::calm;
  std::string text;
};

/// "1 of 3 outboxes is not ready".
std::string such_of(std::ptrdiff_t such, std::size_t all, std::string_view is, std::string_view are) {
  const std::string which =
      all == 1 ? "The outbox " : std::to_string(such) + " of " + std::to_string(all) + " outboxes ";
  return which + std::string(such == 1 ? is : are);
}

/// How many are as bad as the worst one.
Summary summarise(const Overview& overview) {
  const auto& outboxes = overview.outboxes;
  const auto all = outboxes.size();
  if (all == 0) return {Tone::calm, "No outbox was started yet"};
  const auto count = [&outboxes](Tone tone) { return std::ranges::count(outboxes, tone, tone_of); };
  if (const auto bad = count(Tone::bad); bad > 0)
    return {Tone::bad, such_of(bad, all, "is not ready", "are not ready")};
  if (const auto odd = count(Tone::odd); odd > 0)
    return {Tone::odd, such_of(odd, all, "wants a look", "want a look")};
  const auto beginning = std::ranges::count_if(
      outboxes, [](const auto& outbox) { return !outbox.readiness.is_good; });  // or it were bad
  if (beginning > 0) return {Tone::calm, such_of(beginning, all, "is starting", "are starting")};
  return {Tone::good, all == 1 ? "The outbox is well" : "All outboxes are well"};
}

std::string head(const Summary& summary) {
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>";
  html.append(to_sign(summary.tone)).append(" ").append(summary.text).append(" – outbox-relay</title>\n");
  html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
  html.append("<meta name=\"color-scheme\" content=\"light dark\">\n");
  html.append("<link rel=\"icon\" href=\"data:,\">\n");  // spares a request
  html.append("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n");
  return html.append("<style>").append(style().text).append("</style>\n</head>\n");
}

std::string process(const Overview& overview) {
  std::string html =
      "version " + to_html(overview.build.version) + " (" + to_html(overview.build.revision) + ")";
  const double started = overview.start_timestamp_seconds;
  if (std::isnan(started)) return html;
  const telemetry::WallTime since{std::chrono::seconds{std::llround(started)}};
  return html + ", up " + age(since, overview.now) + ", since <time>" + moment(since) + "</time>";
}

std::string main_part(const Overview& overview, const Summary& summary) {
  std::string html = "<main>\n<p class=\"summary ";
  html.append(to_class(summary.tone)).append("\"><span aria-hidden=\"true\">").append(to_sign(summary.tone));
  html.append("</span> ").append(summary.text).append("</p>\n<p class=\"faint\">").append(process(overview));
  html.append("</p>\n<div class=\"outboxes\">\n");
  for (const auto& outbox : overview.outboxes) html += to_article(outbox, overview.now);
  html.append("</div>\n<p class=\"faint\">As of <time id=\"as-of\">").append(moment(overview.now));
  return html.append("</time></p>\n</main>\n");
}

constexpr std::string_view body_begin =
    "<body>\n<header>\n<h1>outbox-relay</h1>\n<nav aria-label=\"For machines\">\n"
    "<a href=\"metrics\">metrics</a>\n<a href=\"livez?verbose\">liveness</a>\n"
    "<a href=\"readyz?verbose\">readiness</a>\n</nav>\n</header>\n"
    "<p id=\"silence\" class=\"bad\" role=\"alert\" hidden></p>\n";

}  // namespace

std::string status_page(const Overview& overview) {
  const auto summary = summarise(overview);
  std::string html = head(summary);
  html.append(body_begin).append(main_part(overview, summary));
  return html.append("<script>").append(script().text).append("</script>\n</body>\n</html>\n");
}

std::string status_page_policy() {
  std::string policy = "default-src 'none'; style-src '";
  policy.append(style().hash).append("'; script-src '").append(script().hash);
  return policy +
         "'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

}  // namespace outbox_relay::page
