#include "retained.h"
#include "shape_parts.h"
#include "stuck.h"

// What a table does that holds very many rows.
namespace outbox_relay::bench {

Shape retained_shape(const Scale& scale) {
  // Each run adds so many to the retained ones.
  const std::size_t unsent = std::min<std::size_t>(scale.rows, 200'000);
  Shape shape{.name = "retained",
              .title = "Pending rows above many that are sent and retained",
              .columns = {{"first_record_seconds", "first record s", 2}, {"rows_per_second", "rows/s"}}};
  for (const bool has_watermark : {true, false}) {
    for (const bool is_cold : {false, true}) {
      const Retained retained{.sent_rows = scale.sent_rows,
                              .pending_rows = unsent,
                              .has_watermark = has_watermark,
                              .is_cold = is_cold};
      const std::string name = std::string{is_cold ? "cold start" : "warm start"} +
                               (has_watermark ? ": relay" : ", no watermark: relay");
      shape.arms.push_back({name, [retained](Lab& lab) { return run_retained(lab, retained); }});
      // Where no relay has saved how far it came, the first fetch walks over all that is sent, once.
      if (has_watermark) {
        shape.claims.push_back(
            at_most("seconds to the first record, " + name, "first_record_seconds", name, 2));
      }
    }
  }
  const std::size_t appended = unsent * shape.arms.size() * static_cast<std::size_t>(scale.repeats);
  shape.disk_gb = gigabytes_unique(scale.sent_rows + appended);
  shape.arms.push_back(drain_arm("no retained rows: relay", relay_drain(unsent)));
  shape.claims.push_back(ratio_at_least("rate, warm start against no retained rows", "rows_per_second",
                                        "warm start: relay", "no retained rows: relay", 0.95));
  return shape;
}

Shape backlog_shape(const Scale& scale) {
  const auto arm = [&scale](std::string name, Stuck stuck) {
    stuck.relay_options = "    sample_interval: 1s\n";
    stuck.duration = scale.steady;
    return Arm{std::move(name), [stuck](Lab& lab) { return run_stuck(lab, stuck); }};
  };
  Shape shape{
      .name = "backlog",
      .title = "The relay measures a backlog that it cannot drain",
      .arms = {arm("as it was written: relay", {.backlog = {.rows = scale.large_rows, .is_vacuumed = false}}),
               arm("behind sent rows: relay", {.backlog = {.rows = scale.rows, .sent_rows = scale.sent_rows},
                                               .first_row_is_left = true})},
      .columns = {{"longest_query_ms", "longest query ms", 1},
                  {"its_mean_ms", "its mean ms", 1},
                  {"queries", "queries"},
                  {"sequential_scans", "sequential scans"},
                  {"backlog_rows", "backlog_rows"},
                  {"backlog_share", "of what is pending", 2}},
      .disk_gb = gigabytes_unique(std::max(scale.large_rows, scale.sent_rows + scale.rows)),
      .repeats = 1};
  for (const Arm& measured : shape.arms) {
    shape.claims.push_back(
        at_most("longest query ms, " + measured.name, "longest_query_ms", measured.name, 50));
    shape.claims.push_back(
        at_most("sequential scans, " + measured.name, "sequential_scans", measured.name, 0));
  }
  return shape;
}

Shape large_shape(const Scale& scale) {
  const Drain drain = relay_drain(scale.large_rows);
  return {
      .name = "large",
      .title = "The end of a large backlog against its beginning",
      .arms = {{"relay", [drain](Lab& lab) { return run_large_drain(lab, drain); }}},
      .columns = {{"last_to_first_tenth", "last tenth / first", 2},
                  {"first_tenth_rows_per_second", "first tenth rows/s"},
                  {"last_tenth_rows_per_second", "last tenth rows/s"},
                  {"rows_per_second", "rows/s"},
                  {"peak_memory_mib", "memory MiB"},
                  {"wal_bytes_per_row", "WAL B/row"}},
      .claims = {at_least("rate of the last tenth against the first", "last_to_first_tenth", "relay", 0.95)},
      .disk_gb = gigabytes_unique(scale.large_rows),
      .repeats = 2};
}

}  // namespace outbox_relay::bench
