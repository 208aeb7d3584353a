#include "watch.h"

#include <algorithm>
#include <stdexcept>
#include <thread>

#include "connection.h"

namespace outbox_relay::bench {
namespace {

using Clock = Passage::Clock;
using postgres::Query;

constexpr std::chrono::milliseconds watch_interval{5};
constexpr std::chrono::minutes longest_drain{30};
constexpr std::int64_t first_rows = 1000;
/// More than may be in flight: before the last row of a part that is completed, none of the others is further
/// away.
constexpr std::int64_t last_rows = 25'000;

/// One stretch on its way.
class Progress {
 public:
  Progress(Connection& connection, const Stretch& stretch)
      : connection_(&connection),
        stretch_(stretch),
        pending_sql_("SELECT count(*) FROM " + stretch.table +
                     " WHERE id BETWEEN $1 AND $2 AND sent_at IS NULL") {}

  [[nodiscard]] bool is_over() const { return has_begun_ && passage_.parts.size() == parts(); }
  [[nodiscard]] const Passage& passage() const { return passage_; }

  /// Notes what has happened since the last look.
  void look() {
    if (!has_begun_) {
      const auto rows = std::min(first_rows, stretch_.rows);
      has_begun_ = pending_between(stretch_.first, stretch_.first + rows - 1) < rows;
      passage_.begin = Clock::now();
    }
    while (has_begun_ && !is_over() && is_completed(last_of_next_part())) {
      passage_.parts.push_back(Clock::now());
    }
  }

 private:
  [[nodiscard]] std::size_t parts() const { return static_cast<std::size_t>(stretch_.parts); }

  [[nodiscard]] std::int64_t last_of_next_part() const {
    const auto part = static_cast<std::int64_t>(passage_.parts.size()) + 1;
    return stretch_.first + stretch_.rows * part / stretch_.parts - 1;
  }

  [[nodiscard]] bool is_completed(std::int64_t last) {
    if (pending_between(last, last) > 0) return false;
    return pending_between(std::max(stretch_.first, last - last_rows), last) == 0;
  }

  [[nodiscard]] std::int64_t pending_between(std::int64_t low, std::int64_t high) {
    Query query{pending_sql_};
    query.bigint(low).bigint(high);
    return connection_->run(query).bigint(0, 0);
  }

  Connection* connection_;
  Stretch stretch_;
  std::string pending_sql_;
  bool has_begun_ = false;
  Passage passage_;
};

}  // namespace

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

std::vector<Passage> watch(const std::string& connection, const std::vector<Stretch>& stretches,
                           const Running& running) {
  Connection watching{connection};
  std::vector<Progress> all;
  for (const Stretch& stretch : stretches) all.emplace_back(watching, stretch);
  for (const auto deadline = Clock::now() + longest_drain;; std::this_thread::sleep_for(watch_interval)) {
    for (Progress& progress : all) progress.look();
    if (std::ranges::all_of(all, &Progress::is_over)) break;
    running.check();
    if (Clock::now() > deadline) throw std::runtime_error("not drained in time");
  }
  std::vector<Passage> passages;
  for (const Progress& progress : all) passages.push_back(progress.passage());
  return passages;
}

}  // namespace outbox_relay::bench
