#include "postgres/sampler.h"

#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <pqxx/pqxx>
#include <stop_token>
#include <thread>

#include "postgres/measurement.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// The connection and the thread that alone uses it. Only its socket is touched from outside, to interrupt
/// it.
class Sampler::Thread {
 public:
  Thread(Settings settings, std::chrono::milliseconds interval, const Outlook& outlook, Events events)
      : settings_(std::move(settings)),
        interval_(interval),
        outlook_(&outlook),
        events_(std::move(events)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  ~Thread() {
    thread_.request_stop();
    const std::lock_guard lock{mutex_};
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
  }

  void end_stuck() {
    const std::lock_guard lock{mutex_};
    if (socket_ < 0 || !asked_at_ || Clock::now() - *asked_at_ < longest_measurement) return;
    ::shutdown(socket_, SHUT_RDWR);
    asked_at_.reset();
  }

 private:
  using Clock = std::chrono::steady_clock;
  /// A few statements, each of which the server itself ends in time.
  static constexpr std::chrono::seconds longest_measurement{15};

  /// While this lives, a measurement is under way.
  class Asking {
   public:
    explicit Asking(Thread& thread) : thread_(thread) { note(Clock::now()); }
    ~Asking() { note(std::nullopt); }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

   private:
    void note(std::optional<Clock::time_point> asked_at) {
      const std::lock_guard lock{thread_.mutex_};
      thread_.asked_at_ = asked_at;
    }
    Thread& thread_;
  };

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      sample(stop);
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, interval_, [] { return false; });
    }
    disconnect();
  }

  void sample(const std::stop_token& stop) {
    Sample sample;
    try {
      if (!connection_) connect();
      if (stop.stop_requested()) return;  // too late to be interrupted
      const Asking asking{*this};
      if (!measurement_) prepare();
      const auto begun = Clock::now();
      measurement_->measure(*connection_, count_above(), sample);
      if (events_.measured) events_.measured(Clock::now() - begun);
    } catch (const core::FailureError& error) {
      fail(stop, error.failure());
    } catch (const std::exception& error) {
      fail(stop, failure_of(error, !connection_));
    }
    if (!stop.stop_requested() && events_.sampled) events_.sampled(sample);
  }

  [[nodiscard]] std::optional<std::int64_t> count_above() const {
    if (outlook_->is_standby) return std::nullopt;
    return outlook_->watermark.load();
  }

  void fail(const std::stop_token& stop, const core::Failure& failure) {
    disconnect();
    if (!stop.stop_requested() && events_.failed) events_.failed(failure);
  }

  void connect() {
    postgres::connect(connection_, settings_.server);
    if (events_.connection_opened) events_.connection_opened();
    const std::lock_guard lock{mutex_};
    socket_ = connection_->sock();
  }

  void prepare() {
    // No measurement is worth more time than this.
    constexpr std::chrono::milliseconds longest_statement{2000};
    const auto timeout = std::min(settings_.server.statement_timeout, longest_statement);
    measurement_.emplace(read_table(), timeout);
  }

  Table read_table() {
    pqxx::read_transaction transaction{*connection_};
    execute(transaction, "SELECT set_config('search_path', '', true)");
    return describe_table(settings_.table, {}, read_catalog(transaction, settings_.table));
  }

  void disconnect() {
    {
      const std::lock_guard lock{mutex_};
      socket_ = -1;
    }
    measurement_.reset();
    connection_.reset();
  }

  Settings settings_;
  std::chrono::milliseconds interval_;
  const Outlook* outlook_;
  Events events_;

  std::optional<pqxx::connection> connection_;
  std::optional<Measurement> measurement_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  int socket_ = -1;                            ///< of the connection, under the mutex
  std::optional<Clock::time_point> asked_at_;  ///< under the mutex
  std::jthread thread_;                        ///< last, so that it ends before what it uses
};

Sampler::Sampler(Settings settings, std::chrono::milliseconds interval, const Outlook& outlook, Events events)
    : thread_(std::make_unique<Thread>(std::move(settings), interval, outlook, std::move(events))) {}

Sampler::~Sampler() = default;

void Sampler::end_stuck() {
  thread_->end_stuck();
}

}  // namespace outbox_relay::postgres
