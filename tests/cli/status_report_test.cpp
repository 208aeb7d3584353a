#include "cli/status_report.h"

#include "cli/text_output.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::cli;

namespace {

OutboxReport busy_outbox() {
  postgres::OutboxStatus status;
  status.sample = {.backlog_rows = 123'456,
                   .oldest_pending_timestamp_seconds = 1000,
                   .parked_rows = 2,
                   .held_rows = 30,
                   .table_dead_rows = 77,
                   .oldest_snapshot_age_seconds = 1.5};
  status.oldest_pending_age_seconds = 3725.5;
  status.leader = {postgres::LockHolder{4711, "outbox\x1b[2J", "10.0.0.7"}, true};
  status.watermark = 1041;
  return {"orders", "public.outbox", status};
}

OutboxReport empty_outbox() {
  postgres::OutboxStatus status;
  status.sample.backlog_rows = 0;
  status.sample.oldest_pending_timestamp_seconds = 0;
  status.oldest_pending_age_seconds = 0;
  status.leader = {postgres::LeaseHolder{"5f0c", 6.2}, true};
  return {"audit", "public.audit", status};
}

OutboxReport unknown_outbox() {
  postgres::OutboxStatus status;
  status.problem =
      core::Failure{core::Reason::missing, core::Remedy::operate, "no such table", "check `table`"};
  return {"mail", "public.mail", status};
}

OutboxReport idle_outbox() {
  auto report = empty_outbox();
  report.status.leader = {std::nullopt, true};
  return report;
}

}  // namespace

TEST_CASE("the status of outboxes, below each other", "[cli][status]") {
  CHECK(to_table(std::vector{busy_outbox(), empty_outbox(), unknown_outbox(), idle_outbox()}) ==
        R"(OUTBOX  BACKLOG       OLDEST   PARKED   HELD     WATERMARK  LEADER
orders  about 123456  1h 2m    2        30       1041       pid 4711, outbox?[2J at 10.0.0.7
audit   0             -        unknown  unknown  unknown    lease of 5f0c
mail    unknown       unknown  unknown  unknown  unknown    unknown
audit   0             -        unknown  unknown  unknown    nobody
)");
}

TEST_CASE("what is not known is null in JSON, and never 0", "[cli][status]") {
  CHECK(
      to_json(std::vector{busy_outbox(), empty_outbox(), unknown_outbox()}) ==
      R"({"outboxes":[)"
      R"({"outbox":"orders","table":"public.outbox","backlog_rows":123456,"backlog_is_estimate":true,)"
      R"("oldest_pending_age_seconds":3.7255E3,"parked_rows":2,"held_rows":30,"is_led":true,)"
      R"("leader":{"by":"advisory_lock","pid":4711,"application_name":"outbox\u001b[2J",)"
      R"("client_address":"10.0.0.7"},"watermark":1041,"table_dead_rows":77,)"
      R"("oldest_snapshot_age_seconds":1.5E0,"problem":null},)"
      R"({"outbox":"audit","table":"public.audit","backlog_rows":0,"backlog_is_estimate":false,)"
      R"("oldest_pending_age_seconds":0E0,"parked_rows":null,"held_rows":null,"is_led":true,)"
      R"("leader":{"by":"lease","holder":"5f0c","seconds_left":6.2E0},"watermark":null,)"
      R"("table_dead_rows":null,"oldest_snapshot_age_seconds":null,"problem":null},)"
      R"({"outbox":"mail","table":"public.mail","backlog_rows":null,"backlog_is_estimate":false,)"
      R"("oldest_pending_age_seconds":null,"parked_rows":null,"held_rows":null,"is_led":null,"leader":null,)"
      R"("watermark":null,"table_dead_rows":null,"oldest_snapshot_age_seconds":null,)"
      R"("problem":"no such table"}]})"
      "\n");
}

TEST_CASE("what could not be found out is said with its hint", "[cli][status]") {
  CHECK(to_problems(std::vector{busy_outbox(), unknown_outbox()}) ==
        "outbox-relay: outbox mail: no such table\n  hint: check `table`\n");
}
