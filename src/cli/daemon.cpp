#include "cli/daemon.h"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "cli/build_info.h"
#include "cli/exit_code.h"
#include "cli/mapping.h"
#include "cli/reload.h"
#include "config/difference.h"
#include "core/failure.h"
#include "page/status_page.h"

namespace outbox_relay::cli {

using telemetry::Message;

namespace {

http::Response to_response(const telemetry::HealthReport& report) {
  return {.status = report.is_good ? 200U : 503U,
          .content_type = "text/plain; charset=utf-8",
          .body = report.text};
}

telemetry::BuildInfo telemetry_build_info() {
  return {.version = std::string(program_version()),
          .revision = std::string(program_revision()),
          .librdkafka = librdkafka_version().running,
          .libpq = libpq_version().running};
}

}  // namespace

Daemon::Daemon(std::string config_file, config::Config config, telemetry::Log& log,
               const telemetry::SystemdSettings& systemd)
    : config_file_(std::move(config_file)),
      config_(std::move(config)),
      log_(log),
      telemetry_(telemetry_build_info(), log),
      systemd_(systemd.socket),
      outboxes_(io_, telemetry_, log,
                {.failed = [this](const core::Failure& failure) { outbox_failed(failure); },
                 .empty = [this] { leave(); }}) {
  server_.emplace(io_, http::ListenAddress{config_.http.listen.address, config_.http.listen.port}, routes());
  log_.say<Message::listening>(server_->address().to_string());
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  await_signal();
  if (systemd.watchdog_timeout) {
    watchdog_.emplace(io_, systemd_, log_, *systemd.watchdog_timeout,
                      [this] { return telemetry_.health().liveness(false); });
  }
}

Daemon::~Daemon() = default;

int Daemon::run() noexcept {
  outboxes_.reconcile(config_);
  // Not when the first row was relayed: what is ordered behind this service must not wait for PostgreSQL and
  // Kafka, and systemd would take their absence for a failed start. That is what /readyz is for.
  tell_systemd("READY=1");
  if (watchdog_) watchdog_->start();
  io_.run();
  return exit_code();
}

http::Routes Daemon::routes() {
  return {{"/metrics",
           [this](const http::Request&) {
             return http::Response{200, std::string(telemetry::metrics_content_type), telemetry_.render()};
           }},
          {"/livez",
           [this](const http::Request& request) {
             return to_response(telemetry_.health().liveness(request.has_parameter("verbose")));
           }},
          {"/readyz",
           [this](const http::Request& request) {
             return to_response(telemetry_.health().readiness(request.has_parameter("verbose")));
           }},
          {"/", [this](const http::Request&) {
             return http::Response{.content_type = "text/html; charset=utf-8",
                                   .body = page::status_page(telemetry_.overview()),
                                   .security_policy = page::status_page_policy()};
           }}};
}

void Daemon::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    signalled(signal);
    // A signal that was caught before `leave` is told of behind it: it must not keep the loop at work.
    if (!has_left_) await_signal();
  });
}

void Daemon::signalled(int signal) {
  if (has_left_) return;
  if (signal == SIGHUP) {
    reload();
  } else if (is_draining_) {
    leave_at_once("second signal");
  } else {
    log_.say<Message::signal_received>(config_.drain_timeout.count());
    drain();
  }
}

void Daemon::reload() {
  if (is_draining_) return;  // whoever starts next reads the file
  const std::chrono::microseconds now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  tell_systemd("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.count()));
  const auto next = load_again(config_file_, log_);
  telemetry_.config_reloaded(next.has_value());
  if (next) apply(*next);
  tell_systemd("READY=1");
}

void Daemon::apply(const config::Config& next) {
  config_ = in_force_after(config_, next);
  log_.set_level(to_log_options(config_.log).level);
  const auto changes = outboxes_.reconcile(config_);
  log_.say<Message::reloaded>(config_file_, changes.started, changes.restarted, changes.stopped,
                              changes.unchanged);
  const auto left = config::differing_options(config_, next);
  if (left.empty()) return;
  std::string names;
  for (const std::string_view name : left) names.append(names.empty() ? "" : ", ").append(name);
  log_.say<Message::reload_incomplete>(names, "restart the relay for these options");
}

void Daemon::outbox_failed(const core::Failure& failure) {
  // Too few threads, say, is for a supervisor to try again.
  failed_with_ = failure.remedy == core::Remedy::operate ? exit_configuration : exit_unavailable;
  if (!is_draining_) drain();
}

void Daemon::drain() {
  is_draining_ = true;
  // So that TimeoutStopSec= of the unit need not follow `drain_timeout`.
  const auto longest_stop = config_.drain_timeout + std::chrono::seconds{5};
  tell_systemd("STOPPING=1\nEXTEND_TIMEOUT_USEC=" +
               std::to_string(std::chrono::microseconds{longest_stop}.count()));
  outboxes_.drain();
  drain_timer_.expires_after(config_.drain_timeout);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    leave_at_once("drain_timeout has passed");
  });
}

// Only when the outboxes are gone is there nothing left that could be stuck, and that a signal or
// `drain_timeout` has to cut short.
void Daemon::leave() {
  drain_timer_.cancel();
  if (watchdog_) watchdog_->stop();
  has_left_ = true;
  signals_.cancel();
  signals_.clear();
  // One that comes now must not give it another exit status.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, SIG_IGN);
  server_->stop();
}

void Daemon::tell_systemd(const std::string& message) {
  if (const auto reason = systemd_.notify(message)) log_.say<Message::systemd_not_told>(*reason);
}

int Daemon::exit_code() const {
  return failed_with_.value_or(outboxes_.is_settled() ? exit_done : exit_unexpected);
}

// Without destructors: they would wait for threads that may be stuck. Nothing is lost that a kill would not
// lose, and a kill loses nothing.
void Daemon::leave_at_once(const std::string& why) {
  if (!outboxes_.is_working()) {
    log_.say<Message::left_threads>(why);
    std::_Exit(exit_code());
  }
  log_.say<Message::left_rows_in_flight>(why);
  std::_Exit(failed_with_.value_or(exit_unexpected));
}

}  // namespace outbox_relay::cli
