#include "several.h"

#include <algorithm>
#include <list>
#include <span>
#include <stdexcept>

#include "drain.h"
#include "meter.h"

namespace outbox_relay::bench {
namespace {

/// Of each stretch, to see how far it came.
constexpr int parts = 20;

/// Together.
double rows_per_second(std::span<const Stretch> stretches, std::span<const Passage> passages) {
  std::int64_t rows = 0;
  auto begin = passages.front().begin;
  auto end = passages.front().end();
  for (std::size_t at = 0; at < stretches.size(); ++at) {
    rows += stretches[at].rows;
    begin = std::min(begin, passages[at].begin);
    end = std::max(end, passages[at].end());
  }
  return static_cast<double>(rows) / seconds_between(begin, end);
}

/// Of a stretch until then; between two of its parts it went on evenly.
double rows_until(Passage::Clock::time_point moment, const Stretch& stretch, const Passage& passage) {
  const double part_rows = static_cast<double>(stretch.rows) / stretch.parts;
  double rows = 0;
  auto begin = passage.begin;
  for (const auto end : passage.parts) {
    if (moment <= begin) break;
    rows += part_rows * std::min(1.0, seconds_between(begin, moment) / seconds_between(begin, end));
    begin = end;
  }
  return rows;
}

/// How much of what was relayed while the observed ones were drained was theirs.
double observed_share(const std::vector<Stretch>& stretches, const std::vector<Passage>& passages,
                      std::size_t observed) {
  auto end = passages.front().end();
  double theirs = 0;
  for (std::size_t at = 0; at < observed; ++at) {
    end = std::max(end, passages[at].end());
    theirs += static_cast<double>(stretches[at].rows);
  }
  double all = theirs;
  for (std::size_t at = observed; at < stretches.size(); ++at)
    all += rows_until(end, stretches[at], passages[at]);
  return theirs / all;
}

void check_stuck(const std::string& table, const Databases::Copy& copy) {
  if (copy.value("SELECT count(*) FROM " + table + " WHERE sent_at IS NOT NULL OR parked_at IS NOT NULL") !=
      "0")
    throw std::runtime_error("rows of " + table + " were not stuck");
}

}  // namespace

Measures run_several(Lab& lab, const Several& several) {
  const Databases::Copy copy{
      lab.databases,
      {.rows = several.rows.front(), .further_rows = {several.rows.begin() + 1, several.rows.end()}}};
  std::list<Topic> topics;
  std::vector<std::string> names;
  std::vector<Stretch> stretches;
  for (std::size_t number = 0; number < several.rows.size(); ++number) {
    const bool is_stuck = several.last_is_stuck && number + 1 == several.rows.size();
    names.push_back(is_stuck ? Topic::missing : topics.emplace_back(lab.broker).name());
    if (!is_stuck && several.rows[number] > 0)
      stretches.push_back({.table = table_name(number),
                           .rows = static_cast<std::int64_t>(several.rows[number]),
                           .parts = parts});
  }
  const Meter meter{lab};
  Running running{Contender::relay,
                  {.connection = copy.connection(),
                   .bootstrap = lab.broker.bootstrap(),
                   .topic = names.front(),
                   .relay_options = {},
                   .further_topics = {names.begin() + 1, names.end()}}};
  const auto passages = watch(copy.watching_connection(), stretches, running);
  const double total = rows_per_second(stretches, passages);
  const std::span<const Stretch> observed{stretches.data(), several.observed};
  auto rows = std::size_t{0};
  for (const Stretch& stretch : stretches) rows += static_cast<std::size_t>(stretch.rows);
  Measures measures = meter.read(running, rows);
  measures["rows_per_second"] = total;
  measures["observed_rows_per_second"] = rows_per_second(observed, passages);
  measures["observed_share"] = observed_share(stretches, passages, several.observed);
  running.finish();
  for (std::size_t at = 0; const Topic& topic : topics) {
    if (at < stretches.size()) check_drained(stretches[at], Completion::mark, copy, topic);
    ++at;
  }
  if (several.last_is_stuck) check_stuck(table_name(several.rows.size() - 1), copy);
  return measures;
}

}  // namespace outbox_relay::bench
