#include "postgres/side_thread.h"

#include <sys/socket.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "postgres/pqxx_adapter.h"

namespace outbox_relay::postgres {

namespace {

/// A connection that would be idle for longer is closed: there are few of them on a server.
constexpr std::chrono::seconds longest_idle{30};

}  // namespace

/// Only the connection's socket is touched from outside, to interrupt it.
class SideThread::Thread {
 public:
  Thread(ServerSettings settings, std::unique_ptr<SideTask> task, std::chrono::milliseconds longest_turn)
      : settings_(std::move(settings)),
        task_(std::move(task)),
        longest_turn_(longest_turn),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  ~Thread() {
    thread_.request_stop();
    const std::lock_guard lock{mutex_};
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
  }

  void end_stuck() {
    const std::lock_guard lock{mutex_};
    if (socket_ < 0 || !asked_at_ || Clock::now() - *asked_at_ < longest_turn_) return;
    ::shutdown(socket_, SHUT_RDWR);
    asked_at_.reset();
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// While this lives, a turn is under way.
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
      const auto pause = turn(stop);
      if (pause > longest_idle) disconnect();
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, pause, [] { return false; });
    }
    disconnect();
  }

  std::chrono::milliseconds turn(const std::stop_token& stop) {
    constexpr std::chrono::milliseconds without_work{1000};
    if (!task_->has_work()) return without_work;
    try {
      const bool is_new = !connection_;
      if (is_new) connect();
      if (stop.stop_requested()) return {};  // too late to be interrupted
      const Asking asking{*this};
      if (is_new) task_->connected(*connection_);
      return task_->turn(*connection_);
    } catch (const core::FailureError& error) {
      return fail(stop, error.failure());
    } catch (const std::exception& error) {
      return fail(stop, failure_of(error, !connection_));
    }
  }

  std::chrono::milliseconds fail(const std::stop_token& stop, const core::Failure& failure) {
    disconnect();
    if (stop.stop_requested()) return {};
    return task_->failed(failure);
  }

  void connect() {
    postgres::connect(connection_, settings_);
    const std::lock_guard lock{mutex_};
    socket_ = connection_->sock();
  }

  void disconnect() {
    {
      const std::lock_guard lock{mutex_};
      socket_ = -1;
    }
    connection_.reset();
  }

  ServerSettings settings_;
  std::unique_ptr<SideTask> task_;
  std::chrono::milliseconds longest_turn_;

  std::optional<pqxx::connection> connection_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  int socket_ = -1;                            ///< of the connection, under the mutex
  std::optional<Clock::time_point> asked_at_;  ///< under the mutex
  std::jthread thread_;                        ///< last, so that it ends before what it uses
};

SideThread::SideThread(ServerSettings settings, std::unique_ptr<SideTask> task,
                       std::chrono::milliseconds longest_turn)
    : thread_(std::make_unique<Thread>(std::move(settings), std::move(task), longest_turn)) {}

SideThread::~SideThread() = default;

void SideThread::end_stuck() {
  thread_->end_stuck();
}

}  // namespace outbox_relay::postgres
