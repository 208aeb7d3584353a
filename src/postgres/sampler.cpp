#include "postgres/sampler.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <utility>

#include "postgres/measurement.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/replay_table.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

namespace {

/// A few statements, each of which the server itself ends in time.
constexpr std::chrono::seconds longest_measurement{15};

}  // namespace

class Sampler::Task final : public SideTask {
 public:
  Task(Settings settings, std::chrono::milliseconds interval, const Outlook& outlook, Events events)
      : settings_(std::move(settings)), interval_(interval), outlook_(&outlook), events_(std::move(events)) {}

  void connected(pqxx::connection& connection) override {
    if (events_.connection_opened) events_.connection_opened();
    // No measurement is worth more time than this.
    constexpr std::chrono::milliseconds longest_statement{2000};
    statement_timeout_ = std::min(settings_.server.statement_timeout, longest_statement);
    measurement_.emplace(read_table(connection, settings_.table), statement_timeout_);
  }

  std::chrono::milliseconds turn(pqxx::connection& connection) override {
    look_for_replay(connection);
    const auto begun = std::chrono::steady_clock::now();
    measurement_->measure(connection, count_above(), sample_);
    if (events_.measured) events_.measured(std::chrono::steady_clock::now() - begun);
    return tell();
  }

  std::chrono::milliseconds failed(const core::Failure& failure) override {
    if (events_.failed) events_.failed(failure);
    return tell();
  }

 private:
  [[nodiscard]] std::optional<std::int64_t> count_above() const {
    if (outlook_->is_standby) return std::nullopt;
    return outlook_->watermark.load();
  }

  void look_for_replay(pqxx::connection& connection) {
    if (!settings_.control_schema || outlook_->is_standby || !events_.replay_requested) return;
    pqxx::read_transaction transaction{connection};
    set_limits(transaction, statement_timeout_);
    const auto requests = read_control_table(transaction, *settings_.control_schema, replay_table);
    if (!requests || !requests->is_writable) return;
    const auto found = execute(transaction, open_replay_sql(*settings_.control_schema),
                               {settings_.table.schema, settings_.table.name});
    if (!found.empty()) events_.replay_requested(found[0][0].as<std::int64_t>());
  }

  std::chrono::milliseconds tell() {
    if (events_.sampled) events_.sampled(sample_);
    sample_ = {};
    return interval_;
  }

  Settings settings_;
  std::chrono::milliseconds interval_;
  const Outlook* outlook_;
  Events events_;
  std::chrono::milliseconds statement_timeout_{};
  std::optional<Measurement> measurement_;
  Sample sample_;  ///< as far as it has come
};

Sampler::Sampler(const Settings& settings, std::chrono::milliseconds interval, const Outlook& outlook,
                 Events events)
    : thread_(settings.server, std::make_unique<Task>(settings, interval, outlook, std::move(events)),
              longest_measurement) {}

}  // namespace outbox_relay::postgres
