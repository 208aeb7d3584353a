#include "postgres/retention.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <utility>

#include "postgres/pqxx_adapter.h"
#include "postgres/retention_statement.h"

namespace outbox_relay::postgres {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// A chunk takes some milliseconds.
constexpr milliseconds longest_statement{5000};
constexpr milliseconds longest_turn{20'000};
/// It rests for so many times as long as it worked.
constexpr int rests = 4;
/// A round goes on behind some rows that are too young: they were published late, and older ones may follow.
constexpr int young_chunks = 10;

milliseconds between_rounds(milliseconds keep_sent) {
  return std::clamp<milliseconds>(keep_sent / 10, 1s, 60s);
}

/// Rows are not deleted, whether they could be marked does not matter.
TableSettings for_deleting(TableSettings table) {
  table.completion = Completion::remove;
  table.parks = false;
  return table;
}

}  // namespace

class Retention::Task final : public SideTask {
 public:
  Task(Settings settings, milliseconds keep_sent, const Outlook& outlook, Events events)
      : settings_(std::move(settings)),
        keep_sent_(keep_sent),
        outlook_(&outlook),
        events_(std::move(events)) {}

  [[nodiscard]] bool has_work() const override { return !outlook_->is_standby; }

  void connected(pqxx::connection& connection) override {
    if (events_.connection_opened) events_.connection_opened();
    statement_.emplace(read_table(connection, for_deleting(settings_.table)), keep_sent_);
  }

  milliseconds turn(pqxx::connection& connection) override {
    const auto begun = Clock::now();
    const auto timeout = std::min(settings_.server.statement_timeout, longest_statement);
    const auto expired = statement_->expire(connection, after_, outlook_->watermark, timeout);
    const auto taken = Clock::now() - begun;
    if (events_.timed) events_.timed(taken);
    if (expired.deleted > 0 && events_.expired) events_.expired(expired.deleted);
    if (is_over(expired)) {
      begin_round();
      return between_rounds(keep_sent_);
    }
    after_ = expired.last;
    return std::chrono::ceil<milliseconds>(taken * rests);
  }

  milliseconds failed(const core::Failure& failure) override {
    if (events_.failed) events_.failed(failure);
    begin_round();
    return failure.remedy == core::Remedy::operate ? 10min : 5s;
  }

 private:
  bool is_over(const Expired& expired) {
    if (expired.deleted > 0) {
      young_ = 0;
    } else if (expired.has_young) {
      ++young_;
    }
    return expired.walked < RetentionStatement::walked_rows || young_ == young_chunks;
  }

  void begin_round() {
    after_.reset();
    young_ = 0;
  }

  Settings settings_;
  milliseconds keep_sent_;
  const Outlook* outlook_;
  Events events_;
  std::optional<RetentionStatement> statement_;
  std::optional<std::string> after_;  ///< how far the round has come
  int young_ = 0;                     ///< chunks on end with nothing to delete
};

Retention::Retention(const Settings& settings, milliseconds keep_sent, const Outlook& outlook, Events events)
    : thread_(settings.server, std::make_unique<Task>(settings, keep_sent, outlook, std::move(events)),
              longest_turn) {}

}  // namespace outbox_relay::postgres
