#include "contender.h"
#include "shape_parts.h"
#include "stuck.h"

namespace outbox_relay::bench {
namespace {

constexpr std::size_t pages_more = 80;

/// A page is fetched by one batch of three statements: its rows; the log's positions, without which nobody
/// knows that the rows are safe; the table's identity. Its rows are completed by one statement, or by two:
/// acks come by partitions and not by pages, and a completion takes what there is when the one before has
/// ended. There are no gaps here; what remains (the heartbeat and watermark of each second, polls that find
/// nothing) has to do with what those two leave.
constexpr double most_queries_per_page = 3 + 2;

}  // namespace

Shape make_check() {
  Shape shape{.name = "check",
              .title = "Counts that are not times",
              .columns = {{"wal_bytes_per_row", "WAL B/row", 1},
                          {"queries", "queries"},
                          {"hot_ratio", "HOT", 3},
                          {"in_flight_share", "in flight / limit", 3}}};
  Drain drain = relay_drain(check_rows);
  shape.arms.push_back(drain_arm("mark: relay", drain));
  // The same start and end, and some pages more.
  drain.backlog.rows = check_rows + pages_more * page_rows;
  shape.arms.push_back(drain_arm("mark, 80 pages more: relay", drain));
  drain.backlog.rows = check_rows;
  drain.contender = Contender::limit;
  shape.arms.push_back(drain_arm("mark: limit", drain));
  drain.contender = Contender::usual_loop;
  drain.backlog.table = Table::usual;
  shape.arms.push_back(drain_arm("mark: usual loop", drain));
  drain.backlog.table = Table::shipped;
  drain.completion = Completion::remove;
  drain.contender = Contender::relay;
  shape.arms.push_back(drain_arm("delete: relay", drain));
  drain.contender = Contender::limit;
  shape.arms.push_back(drain_arm("delete: limit", drain));
  Stuck stuck;
  stuck.backlog.rows = check_rows;
  stuck.relay_options = "    in_flight_bytes: 4MiB\n";
  stuck.duration = {};
  shape.arms.push_back({"nothing taken: relay", [stuck](Lab& lab) { return run_stuck(lab, stuck); }});

  shape.claims = {at_most("WAL bytes per marked row", "wal_bytes_per_row", "mark: relay", 96),
                  at_most("WAL bytes per deleted row", "wal_bytes_per_row", "delete: relay", 64),
                  at_least("marks that touch no index", "hot_ratio", "mark: relay", 0.8),
                  difference_at_most("queries for 80 pages more", "queries", "mark, 80 pages more: relay",
                                     "mark: relay", pages_more * most_queries_per_page),
                  at_most("bytes in flight when Kafka takes nothing, of their limit", "in_flight_share",
                          "nothing taken: relay", 1),
                  at_least("which is what ends the reading", "in_flight_share", "nothing taken: relay", 0.5)};
  return shape;
}

}  // namespace outbox_relay::bench
