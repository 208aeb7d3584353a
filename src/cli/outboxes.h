#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cli/running_outbox.h"
#include "config/config.h"
#include "core/failure.h"
#include "telemetry/telemetry.h"

namespace outbox_relay::cli {

/// The outboxes that this process works on. What runs follows what is wanted: at any time, and as often as
/// one likes, something else may be wanted, and what is under way meanwhile comes out right. Two pipelines
/// never work on the same table.
///
/// Lives on the main thread, the context's, which calls the events as well.
class Outboxes {
 public:
  struct Events {
    /// An outbox cannot be worked on. What the configuration's check could not see: a secret file, a property
    /// that only a producer refuses, or that there are too few threads for one.
    std::function<void(const core::Failure&)> failed;
    /// After `drain`: nothing runs any more.
    std::function<void()> empty;
  };

  /// What is referred to outlives this.
  Outboxes(boost::asio::io_context& io, telemetry::Telemetry& telemetry, telemetry::Log& log, Events events);

  /// How many outboxes the work of which …
  struct Changes {
    std::size_t started = 0;    ///< … begins
    std::size_t restarted = 0;  ///< … ends and begins with other settings
    std::size_t stopped = 0;    ///< … ends
    std::size_t unchanged = 0;  ///< … goes on without taking notice
  };
  /// Wants the outboxes of this configuration, and no others. What has to end does so within the
  /// configuration's `drain_timeout`, in order, before what takes its place begins.
  Changes reconcile(const config::Config& config);
  /// Wants nothing any more, and lets all end in order; without a limit.
  void drain();

  /// Whether pipelines are at work; without any, what is left are a library's threads.
  [[nodiscard]] bool is_working() const { return working_ > 0; }
  /// Whether nothing was left in flight by pipelines that ended after `drain`.
  [[nodiscard]] bool is_settled() const { return is_settled_; }

 private:
  [[nodiscard]] Changes changes_to(const std::map<std::string, OutboxSettings>& wanted) const;
  void start_wanted();
  [[nodiscard]] bool may_start(const OutboxSettings& settings) const;
  void start(const OutboxSettings& settings);
  void ended(const std::string& outbox, bool settled, const std::exception_ptr& bug);
  void fail(const std::string& outbox, const std::exception_ptr& bug);
  void gone(const std::string& outbox);
  void say_stopped();

  boost::asio::io_context& io_;
  telemetry::Telemetry& telemetry_;
  telemetry::Log& log_;
  const Events events_;
  std::map<std::string, OutboxSettings> wanted_;                   ///< by outbox
  std::map<std::string, telemetry::OutboxTelemetry*> told_;        ///< by outbox
  std::map<std::string, std::unique_ptr<RunningOutbox>> running_;  ///< by outbox
  std::size_t working_ = 0;  ///< of `running_`: those whose pipeline has not ended
  bool is_draining_ = false;
  bool is_settled_ = true;
};

}  // namespace outbox_relay::cli
