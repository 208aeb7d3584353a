#include "several.h"
#include "shape_parts.h"

// How fast a backlog is drained, and what that costs.
namespace outbox_relay::bench {
namespace {

Arm end_arm(std::string name, const Drain& drain) {
  return {std::move(name), [drain](Lab& lab) { return run_end_alone(lab, drain); }};
}

Claim faster(std::string text, std::string of, std::string against, double bar) {
  return ratio_at_least(std::move(text), "rows_per_second", std::move(of), std::move(against), bar);
}

const char* to_text(Completion completion) {
  return completion == Completion::mark ? "mark" : "delete";
}

const char* to_text(Payload payload) {
  return payload == Payload::bytea ? "bytea" : "jsonb";
}

}  // namespace

Shape drain_shape(const Scale& scale) {
  Shape shape{.name = "drain", .title = "A backlog is drained", .columns = drain_columns()};
  for (const Completion completion : {Completion::mark, Completion::remove}) {
    for (const Payload payload : {Payload::bytea, Payload::jsonb}) {
      const std::string kind = std::string{to_text(completion)} + ", " + to_text(payload);
      Drain drain{.contender = Contender::relay,
                  .completion = completion,
                  .backlog = {.rows = scale.rows, .payload = payload}};
      shape.arms.push_back(drain_arm(kind + ": relay", drain));
      drain.contender = Contender::limit;
      shape.arms.push_back(drain_arm(kind + ": limit", drain));
      shape.claims.push_back(faster(kind + ": relay against limit", kind + ": relay", kind + ": limit", 0.9));
      if (completion == Completion::remove) continue;
      drain.contender = Contender::usual_loop;
      drain.backlog.table = Table::usual;
      shape.arms.push_back(drain_arm(kind + ": usual loop", drain));
      shape.claims.push_back(
          faster(kind + ": relay against the usual loop", kind + ": relay", kind + ": usual loop", 3));
    }
  }
  Drain alone{
      .contender = Contender::fetch_only, .completion = Completion::mark, .backlog = {.rows = scale.rows}};
  shape.arms.push_back(end_arm("fetch alone, bytea", alone));
  alone.contender = Contender::publish_only;
  shape.arms.push_back(end_arm("publish alone", alone));
  alone.contender = Contender::complete_only;
  shape.arms.push_back(end_arm("mark alone", alone));
  alone.completion = Completion::remove;
  shape.arms.push_back(end_arm("delete alone", alone));
  shape.is_quick = true;
  // The usual table takes half of the shipped one's room.
  shape.disk_gb = gigabytes(3 * scale.rows, scale.rows);
  return shape;
}

Shape memory_shape(const Scale& scale) {
  constexpr std::size_t rows_per_large_one = 10'000;
  Drain small = relay_drain(scale.rows);
  Drain large = small;
  large.backlog.large_rows = scale.rows / rows_per_large_one;
  return {.name = "memory",
          .title = "The relay's memory while it drains",
          .arms = {drain_arm("400 B: relay", small), drain_arm("10 MB in between: relay", large)},
          .columns = {{"peak_memory_mib", "memory MiB", 1}, {"rows_per_second", "rows/s"}},
          .claims = {at_most("MiB, 400 B a row", "peak_memory_mib", "400 B: relay", 64),
                     at_most("MiB, with 10 MB rows in between: 64 above in_flight_bytes", "peak_memory_mib",
                             "10 MB in between: relay", 64 + 32)},
          // Beside the small rows, a gigabyte of large ones for a million.
          .disk_gb = gigabytes(2 * scale.rows, scale.rows) + 5 * static_cast<double>(scale.rows) / 1e6};
}

Shape wal_shape(const Scale& scale) {
  return {.name = "wal",
          .title = "Write-ahead log of a completed row, without images of whole pages",
          .arms = {drain_arm("mark: relay", relay_drain(scale.rows)),
                   drain_arm("delete: relay", relay_drain(scale.rows, Completion::remove))},
          .columns = {{"wal_bytes_per_row", "WAL B/row", 1},
                      {"full_page_images_per_row", "page images/row", 4},
                      {"hot_ratio", "HOT", 3}},
          .claims = {at_most("bytes per marked row", "wal_bytes_per_row", "mark: relay", 96),
                     at_most("bytes per deleted row", "wal_bytes_per_row", "delete: relay", 64)},
          .disk_gb = gigabytes(scale.rows, scale.rows)};
}

namespace {

/// The same drain twice, with one thing changed.
Shape compared(std::string name, std::string title, const std::string& usual, const std::string& changed,
               const Drain& drain, const Drain& changed_drain, double bar) {
  Shape shape{.name = std::move(name),
              .title = std::move(title),
              .arms = {drain_arm(usual, drain), drain_arm(changed, changed_drain)},
              .columns = drain_columns()};
  shape.claims.push_back(faster(changed + " against " + usual, changed, usual, bar));
  const bool is_same = changed_drain.backlog == drain.backlog;
  shape.disk_gb = gigabytes((is_same ? 1 : 2) * drain.backlog.rows, drain.backlog.rows);
  return shape;
}

}  // namespace

Shape one_key_shape(const Scale& scale) {
  const Drain many = relay_drain(scale.rows);
  Drain one = many;
  one.backlog.keys = 1;
  return compared("one-key", "All rows have one key, so all records go to one partition", "many keys: relay",
                  "one key: relay", many, one, 0.7);
}

Shape snapshot_shape(const Scale& scale) {
  const Drain without = relay_drain(scale.rows);
  Drain behind = without;
  behind.behind_snapshot = true;
  return compared("snapshot", "Another session holds a snapshot from before the drain", "no snapshot: relay",
                  "snapshot: relay", without, behind, 0.8);
}

Shape four_shape(const Scale& scale) {
  const std::size_t share = scale.rows / 4;
  const auto arm = [](std::string name, const Several& several) {
    return Arm{std::move(name), [several](Lab& lab) { return run_several(lab, several); }};
  };
  Shape shape{.name = "four", .title = "Several outboxes in one relay"};
  shape.arms = {arm("one outbox: relay", {.rows = {scale.rows}, .observed = 1}),
                arm("four outboxes: relay", {.rows = {share, share, share, share}, .observed = 3}),
                arm("three, one idle: relay", {.rows = {share, share, share, 0}, .observed = 3}),
                arm("three, one stuck: relay",
                    {.rows = {share, share, share, share}, .last_is_stuck = true, .observed = 3}),
                arm("three, one huge: relay", {.rows = {share, share, share, 10 * share}, .observed = 3})};
  shape.columns = {{"rows_per_second", "rows/s, all together"},
                   {"observed_rows_per_second", "the first three"},
                   {"observed_share", "their share meanwhile", 2},
                   {"cpu_us_per_row", "CPU µs/row", 2},
                   {"postgres_cpu_us_per_row", "PostgreSQL µs/row", 2},
                   {"kafka_cpu_us_per_row", "Kafka µs/row", 2},
                   {"peak_memory_mib", "memory MiB"}};
  shape.claims = {
      faster("four outboxes against one", "four outboxes: relay", "one outbox: relay", 0.95),
      faster("three beside an idle one against one outbox", "three, one idle: relay", "one outbox: relay",
             0.95),
      faster("three beside a stuck one against beside an idle one", "three, one stuck: relay",
             "three, one idle: relay", 0.95),
      ratio_at_least("three beside a huge one against beside one of their size", "observed_rows_per_second",
                     "three, one huge: relay", "four outboxes: relay", 0.95),
      at_least("share of three beside a huge one, of 3/4", "observed_share", "three, one huge: relay",
               0.95 * 3 / 4)};
  // one, four (and the stuck one), three, three and a huge one
  shape.disk_gb = gigabytes(4 * share + 4 * share + 3 * share + 13 * share, 13 * share);
  return shape;
}

}  // namespace outbox_relay::bench
