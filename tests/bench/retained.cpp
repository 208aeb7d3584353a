#include "retained.h"

#include <stdexcept>
#include <string>

#include "drain.h"
#include "support/eventually.h"

namespace outbox_relay::bench {
namespace {

using Clock = Passage::Clock;

Job job_for(const Lab& lab, const Databases::Copy& database, const Topic& topic) {
  return {.connection = database.connection(),
          .bootstrap = lab.broker.bootstrap(),
          .topic = topic.name(),
          .relay_options = {}};
}

std::int64_t highest_id(const Databases::Copy& database) {
  return std::stoll(database.value("SELECT coalesce(max(id), 0) FROM outbox"));
}

std::int64_t saved_watermark(const Databases::Copy& database) {
  return std::stoll(database.value("SELECT coalesce(max(watermark), 0) FROM outbox_relay.watermark"));
}

/// A relay lives and ends, and leaves its watermark above all rows, which are sent.
void have_watermark_saved(Lab& lab, const Databases::Copy& database) {
  const auto highest = highest_id(database);
  if (saved_watermark(database) == highest) return;
  const Topic topic{lab.broker};
  Running running{Contender::relay, job_for(lab, database, topic)};
  const bool is_saved =
      testing::eventually([&] { return saved_watermark(database) == highest; }, std::chrono::minutes{5});
  if (!is_saved) throw std::runtime_error("the relay does not save its watermark");
  running.finish();
}

/// The id of the first pending row.
std::int64_t prepare(Lab& lab, const Databases::Copy& database, const Retained& retained) {
  if (retained.has_watermark) {
    have_watermark_saved(lab, database);
  } else {
    database.execute("DELETE FROM outbox_relay.watermark");
  }
  const auto first = highest_id(database) + 1;
  database.append(retained.pending_rows);
  if (retained.is_cold) lab.databases.restart_cold();
  return first;
}

}  // namespace

Measures run_retained(Lab& lab, const Retained& retained) {
  const auto& database = lab.standing({.sent_rows = retained.sent_rows});
  const auto first = prepare(lab, database, retained);
  const Stretch stretch{.first = first, .rows = static_cast<std::int64_t>(retained.pending_rows)};
  const Topic topic{lab.broker};
  static_cast<void>(topic.records());  // now the client knows where to ask
  const auto started = Clock::now();
  Running running{Contender::relay, job_for(lab, database, topic)};
  const bool is_there =
      testing::eventually([&topic] { return topic.records() > 0; }, std::chrono::minutes{5});
  if (!is_there) throw std::runtime_error("no record comes");
  const auto first_record = Clock::now();
  const auto passage = watch(database.watching_connection(), {stretch}, running).front();
  running.finish();
  check_drained(stretch, Completion::mark, database, topic);
  return {{"first_record_seconds", seconds_between(started, first_record)},
          {"rows_per_second",
           static_cast<double>(retained.pending_rows) / seconds_between(passage.begin, passage.end())}};
}

}  // namespace outbox_relay::bench
