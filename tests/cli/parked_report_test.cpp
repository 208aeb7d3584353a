#include "cli/parked_report.h"

#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::cli;

namespace {

postgres::ParkedRow large_row() {
  return {.id = "41",
          .reason = core::Reason::too_large,
          .error = "larger than 2000 bytes",
          .attempts = 2,
          .parked_at = "2026-03-01 10:15:07.12+00",
          .created_at = "2026-03-01 10:15:07.031+00",
          .has_key = true,
          .rows_behind = 30};
}

postgres::ParkedRow odd_row() {
  return {.id = "5",
          .reason = core::Reason::invalid_headers,
          .error = "no object:\x1b[2J\n\xC2\x9B not \"one\"",
          .attempts = 1,
          .parked_at = "infinity",
          .created_at = {},
          .has_key = false,
          .rows_behind = 0};
}

std::string requeued(std::size_t refused, std::size_t behind, bool is_dry_run = false) {
  return to_text(ReleaseReport{"orders", ParkedAction::requeue, is_dry_run, {refused, behind}, {}});
}

std::string discarded(std::size_t refused, std::size_t behind, bool is_dry_run = false) {
  return to_text(ReleaseReport{"orders", ParkedAction::discard, is_dry_run, {refused, behind}, {}});
}

}  // namespace

TEST_CASE("parked rows are shown below each other, and nothing in them reaches the terminal", "[cli]") {
  const std::vector rows{large_row(), odd_row()};
  CHECK(
      to_table(rows) ==
      R"(ID  REASON           ATTEMPTS  PARKED_AT                CREATED_AT                HAS_KEY  HELD_ROWS  ERROR
41  too_large        2         2026-03-01T10:15:07.12Z  2026-03-01T10:15:07.031Z  yes      30         larger than 2000 bytes
5   invalid_headers  1         infinity                 -                         no       0          no object:?[2J?? not "one"
)");
  CHECK(to_table({}) == "");
}

TEST_CASE("how many rows are parked is said in words", "[cli]") {
  CHECK(to_summary({}) == "no refused row\n");
  CHECK(to_summary(std::vector{odd_row()}) == "1 refused row\n");
  CHECK(to_summary(std::vector{large_row(), odd_row(), large_row()}) ==
        "3 refused rows, 60 rows wait behind\n");
}

TEST_CASE("parked rows as one JSON document", "[cli]") {
  const std::vector rows{large_row(), odd_row()};
  CHECK(
      to_json("orders", rows) ==
      R"({"outbox":"orders","refused_rows":2,"held_rows":30,"rows":[)"
      R"({"id":"41","reason":"too_large","error":"larger than 2000 bytes","attempts":2,)"
      R"("parked_at":"2026-03-01T10:15:07.12Z","created_at":"2026-03-01T10:15:07.031Z","has_key":true,"held_rows":30},)"
      R"({"id":"5","reason":"invalid_headers","error":"no object:\u001b[2J\n)"
      "\xC2\x9B"
      R"( not \"one\"","attempts":1,)"
      R"("parked_at":"infinity","created_at":null,"has_key":false,"held_rows":0}]})"
      "\n");
  CHECK(to_json("orders", {}) == R"({"outbox":"orders","refused_rows":0,"held_rows":0,"rows":[]})"
                                 "\n");
}

TEST_CASE("what was requeued is told apart from what would be", "[cli]") {
  CHECK(requeued(0, 0) == "nothing to requeue\n");
  CHECK(requeued(1, 0) == "requeued 1 row\n");
  CHECK(requeued(2, 30) == "requeued 2 rows and 30 rows behind\n");
  CHECK(requeued(2, 30, true) == "would requeue 2 rows and 30 rows behind\n");
}

TEST_CASE("a discard says plainly what becomes of the rows", "[cli]") {
  CHECK(discarded(0, 0) == "nothing to discard\n");
  CHECK(discarded(1, 0) == "discarded 1 row, which will never be published\n");
  CHECK(discarded(2, 1) == "discarded 2 rows, which will never be published, and requeued 1 row behind\n");
  CHECK(discarded(2, 1, true) ==
        "would discard 2 rows, which would never be published, and would requeue 1 row behind\n");
}

TEST_CASE("rows that were asked for and left alone are named, with the row to ask for instead", "[cli]") {
  const ReleaseReport report{"orders",
                             ParkedAction::requeue,
                             false,
                             {1, 0},
                             {{.id = "43", .behind = "41"}, {.id = "99", .behind = {}}}};
  CHECK(to_problems(report) ==
        "outbox-relay: row 43 was not refused itself, it waits behind row 41\n"
        "  hint: requeue or discard that one\n"
        "outbox-relay: row 99 is not parked\n");
  CHECK(to_json(report) ==
        R"({"outbox":"orders","action":"requeue","dry_run":false,"refused_rows":1,"held_rows":0,)"
        R"("left_alone":[{"id":"43","behind":"41"},{"id":"99","behind":null}]})"
        "\n");
}
