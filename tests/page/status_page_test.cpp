#include "page/status_page.h"

#include <cmath>

#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::page;
using namespace std::chrono_literals;

namespace {

const telemetry::WallTime now{1'795'000'000s};

telemetry::OutboxOverview good_outbox() {
  return {.name = "orders",
          .state = relay::State::relaying,
          .leads = true,
          .readiness = {true, "makes progress"},
          .backlog_rows = 1234,
          .oldest_pending_age_seconds = 192,
          .acknowledged_per_second = 220,
          .in_flight_rows = 300,
          .in_flight_limit_rows = 20'000};
}

telemetry::OutboxOverview stuck_outbox() {
  auto outbox = good_outbox();
  outbox.name = "mail";
  outbox.state = relay::State::backing_off;
  outbox.readiness = {false, "rows are pending and none was completed for 75 s"};
  outbox.parked_rows = 2;
  outbox.held_rows = NAN;
  outbox.troubles.push_back({.message = telemetry::Message::publishing_failed,
                             .failure = {.reason = core::Reason::connection,
                                         .message = "all brokers are down",
                                         .hint = "see whether Kafka runs"},
                             .since = now - 75s,
                             .latest = now - 5s,
                             .times = 14,
                             .lasts = true});
  return outbox;
}

std::string page_of(std::vector<telemetry::OutboxOverview> outboxes) {
  return status_page({.build = {.version = "1.2.3", .revision = "abc", .librdkafka = {}, .libpq = {}},
                      .now = now,
                      .start_timestamp_seconds = 1'794'900'000,
                      .outboxes = std::move(outboxes)});
}

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("the page names the process and links what machines read", "[page]") {
  const auto html = page_of({good_outbox()});
  CHECK(html.starts_with("<!doctype html>\n<html lang=\"en\">\n"));
  CHECK(contains(html, "<title>✓ The outbox is well – outbox-relay</title>"));
  CHECK(contains(html, "version 1.2.3 (abc), up 1d 3h, since <time>2026-11-17 07:20:00 UTC</time>"));
  for (const char* link : {"\"metrics\"", "\"livez?verbose\"", "\"readyz?verbose\""})
    CHECK(contains(html, "<a href=" + std::string(link)));
  CHECK(contains(html, "As of <time id=\"as-of\">2026-11-18 11:06:40 UTC</time>"));
}

TEST_CASE("an outbox is shown with its state in words and its figures", "[page]") {
  const auto html = page_of({good_outbox()});
  CHECK(contains(html,
                 "<article class=\"good\">\n<h2>orders</h2>\n"
                 "<p class=\"state\"><span aria-hidden=\"true\">✓</span> Relaying</p>\n"
                 "<p class=\"faint\">this relay leads; ready: makes progress</p>\n<dl>\n"
                 "<div><dt>Backlog</dt><dd>1\u202F234 <small>rows</small></dd></div>\n"
                 "<div><dt>Oldest pending</dt><dd>3m 12s</dd></div>\n"
                 "<div><dt>Acknowledged</dt><dd>220 <small>rows/s</small></dd></div>\n"
                 "<div><dt>In flight</dt><dd>300 <small>of 20\u202F000</small></dd></div>\n"
                 "<div><dt>Parked</dt><dd>0 <small>rows</small></dd></div>\n"
                 "<div><dt>Held behind</dt><dd>0 <small>rows</small></dd></div>\n</dl>\n</article>"));
}

TEST_CASE("a failure is shown with its reason, its time and what to do about it", "[page]") {
  const auto html = page_of({good_outbox(), stuck_outbox()});
  CHECK(contains(html, "<title>✕ 1 of 2 outboxes is not ready – outbox-relay</title>"));
  CHECK(contains(html, "not ready: rows are pending and none was completed for 75 s"));
  CHECK(contains(html, "<dt>Held behind</dt><dd>unknown</dd>"));
  CHECK(
      contains(html,
               "<h3>What is wrong</h3>\n<ul>\n<li>\n"
               "<p class=\"what\">publishing failed <code>connection</code></p>\n"
               "<p>all brokers are down</p>\n"
               "<p class=\"hint\"><strong>What to do:</strong> see whether Kafka runs</p>\n"
               "<p class=\"faint\">14 times since <time>2026-11-18 11:05:25 UTC</time>, latest 5s ago</p>"));
}

TEST_CASE("one outbox is not counted", "[page]") {
  CHECK(contains(page_of({stuck_outbox()}), "✕ The outbox is not ready"));
}

TEST_CASE("a failure that is over is the last one, and no trouble", "[page]") {
  auto outbox = good_outbox();
  outbox.troubles = stuck_outbox().troubles;
  outbox.troubles[0].lasts = false;
  const auto html = page_of({outbox});
  CHECK(contains(html, "The outbox is well"));
  CHECK(contains(html, "<h3>Last failure, over</h3>"));
  CHECK(contains(html, "<time>2026-11-18 11:06:35 UTC</time>, 5s ago</p>"));
}

TEST_CASE("an estimate is called one, an empty outbox has no oldest row", "[page]") {
  auto outbox = good_outbox();
  outbox.backlog_rows = 250'000;
  outbox.backlog_is_estimate = true;
  CHECK(contains(page_of({outbox}), "<dd>about 250\u202F000 <small>rows</small></dd>"));
  outbox = good_outbox();
  outbox.backlog_rows = 0;
  CHECK(contains(page_of({outbox}), "<dt>Oldest pending</dt><dd>none</dd>"));
}

TEST_CASE("an outbox that is being started is neither well nor in trouble", "[page]") {
  CHECK(contains(page_of({{.name = "orders"}, good_outbox()}), "○ 1 of 2 outboxes is starting"));
}

TEST_CASE("before the first outbox there is a page, too", "[page]") {
  CHECK(contains(page_of({}), "No outbox was started yet"));
}

TEST_CASE("whatever names, topics and servers' messages contain, it stays text", "[page]") {
  const std::string evil = "</p></main><script>alert(1)</script><img src=x onerror='a'>\" &amp; \xFF";
  auto outbox = stuck_outbox();
  outbox.name = evil;
  outbox.readiness.reason = evil;
  auto& trouble = outbox.troubles[0];
  trouble.subject = "topic " + evil;
  trouble.failure.message = evil;
  trouble.failure.hint = evil;
  const auto html = page_of({outbox});
  const std::string tame =
      "&lt;/p&gt;&lt;/main&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x "
      "onerror=&#39;a&#39;&gt;&quot; &amp;amp; \uFFFD";
  std::size_t seen = 0;
  for (auto at = html.find(tame); at != std::string::npos; at = html.find(tame, at + 1)) ++seen;
  CHECK(seen == 5);
  CHECK_FALSE(contains(html, "<script>alert"));
  CHECK_FALSE(contains(html, "<img"));
}

TEST_CASE("the policy lets the page's own style and script run, and nothing else", "[page]") {
  const auto policy = status_page_policy();
  CHECK(policy.starts_with("default-src 'none'; style-src 'sha256-"));
  CHECK(contains(policy, "; script-src 'sha256-"));
  CHECK_FALSE(contains(policy, "unsafe"));
  CHECK_FALSE(contains(policy, "*"));
  // What a policy of hashes does not let through: they would be dead.
  const auto html = page_of({stuck_outbox()});
  CHECK_FALSE(contains(html, " style="));
  CHECK_FALSE(contains(html, " onclick="));
}
