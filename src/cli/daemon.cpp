#include "cli/daemon.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <csignal>
#include <cstdlib>

#include "cli/build_info.h"
#include "cli/exit_code.h"
#include "cli/mapping.h"
#include "cli/outbox_assembly.h"
#include "core/failure.h"
#include "http/index_page.h"

namespace outbox_relay::cli {

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

Daemon::Daemon(const config::Config& config, telemetry::Log& log, const telemetry::SystemdSettings& systemd)
    : config_(config),
      log_(log),
      telemetry_(telemetry_build_info(), log),
      systemd_(systemd.socket),
      replays_(io_, config, log, [this] { leave_when_all_are_gone(); }) {
  server_.emplace(io_, http::ListenAddress{config.http.listen.address, config.http.listen.port}, routes());
  log_.info("listening", {{"address", server_->address().to_string()}});
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  await_signal();
  if (systemd.watchdog_timeout) {
    watchdog_.emplace(io_, systemd_, log_, *systemd.watchdog_timeout,
                      [this] { return telemetry_.health().liveness(false); });
  }
}

Daemon::~Daemon() = default;

int Daemon::run() noexcept {
  start_workers();
  // Not when the first row was relayed: what is ordered behind this service must not wait for PostgreSQL and
  // Kafka, and systemd would take their absence for a failed start. That is what /readyz is for.
  tell_systemd("READY=1");
  if (watchdog_) watchdog_->start();
  io_.run();
  workers_.clear();  // the threads have told their end
  return exit_code_;
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
          {"/", [](const http::Request&) {
             static constexpr http::Link links[] = {{"/metrics", "metrics"},
                                                    {"/livez", "liveness"},
                                                    {"/readyz?verbose", "readiness of each outbox"}};
             return http::index_page("outbox-relay " + std::string(program_version()), links);
           }}};
}

void Daemon::start_workers() {
  for (const config::Outbox& outbox : config_.outboxes) {
    auto& outbox_telemetry = telemetry_.add_outbox(to_telemetry_options(outbox));
    ++running_;
    ++present_;
    workers_.push_back(std::make_unique<relay::Worker>(
        [this, &outbox, &outbox_telemetry](boost::asio::any_io_executor executor) {
          return assemble_outbox(executor, config_, outbox, outbox_telemetry, log_,
                                 [this, &outbox, &outbox_telemetry](std::int64_t request) {
                                   boost::asio::post(io_, [this, &outbox, &outbox_telemetry, request] {
                                     replays_.begin(outbox, request, outbox_telemetry);
                                   });
                                 });
        },
        [this, &outbox, &outbox_telemetry](bool is_settled, std::exception_ptr bug) {
          boost::asio::post(io_,
                            [this, &outbox, &outbox_telemetry, ended = Ended{is_settled, std::move(bug)}] {
                              worker_ended(outbox.name, outbox_telemetry, ended);
                            });
        },
        [this] { boost::asio::post(io_, [this] { worker_gone(); }); }));
  }
}

void Daemon::worker_ended(const std::string& outbox, telemetry::OutboxTelemetry& outbox_telemetry,
                          const Ended& ended) {
  outbox_telemetry.ended();
  if (ended.bug) {
    try {
      std::rethrow_exception(ended.bug);
    } catch (const core::FailureError& error) {
      // What the configuration's check could not see: a secret file, a property that only a producer refuses,
      // or, for a supervisor to try again, that there are too few threads for one.
      log_.error(error.failure().message, {{"outbox", outbox}, {"hint", error.failure().hint}});
      exit_code_ = error.failure().remedy == core::Remedy::operate ? exit_configuration : exit_unavailable;
      if (!is_draining_) drain();
    } catch (const std::exception& bug) {
      log_.error("a bug has ended the pipeline, aborting", {{"outbox", outbox}, {"error", bug.what()}});
      throw;  // out of `run`
    }
  } else if (!ended.is_settled && exit_code_ == exit_done) {
    exit_code_ = exit_unexpected;
  }
  if (--running_ == 0) log_.info("stopped", {{"settled", exit_code_ == exit_done}});
}

void Daemon::worker_gone() {
  --present_;
  leave_when_all_are_gone();
}

// Only then is there nothing left that could be stuck, and that a signal or `drain_timeout` has to cut short.
void Daemon::leave_when_all_are_gone() {
  if (present_ > 0 || !replays_.empty()) return;
  drain_timer_.cancel();
  if (watchdog_) watchdog_->stop();
  signals_.cancel();
  server_->stop();
}

void Daemon::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    signalled(signal);
    await_signal();
  });
}

void Daemon::signalled(int signal) {
  if (signal == SIGHUP) {
    log_.warn("SIGHUP does nothing in this version",
              {{"hint", "restart the relay to load another configuration"}});
  } else if (is_draining_) {
    leave_at_once("second signal");
  } else {
    log_.info("signal received, draining", {{"timeout_ms", config_.drain_timeout.count()}});
    drain();
  }
}

void Daemon::drain() {
  is_draining_ = true;
  // So that TimeoutStopSec= of the unit need not follow `drain_timeout`.
  const auto longest_stop = config_.drain_timeout + std::chrono::seconds{5};
  tell_systemd("STOPPING=1\nEXTEND_TIMEOUT_USEC=" +
               std::to_string(std::chrono::microseconds{longest_stop}.count()));
  for (const auto& worker : workers_) worker->stop();
  replays_.stop();
  drain_timer_.expires_after(config_.drain_timeout);
  drain_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    leave_at_once("drain_timeout has passed");
  });
}

void Daemon::tell_systemd(const std::string& message) {
  if (const auto reason = systemd_.notify(message))
    log_.warn("systemd could not be told", {{"error", *reason}});
}

// Without destructors: they would wait for threads that may be stuck. Nothing is lost that a kill would not
// lose, and a kill loses nothing.
void Daemon::leave_at_once(const std::string& why) {
  if (running_ == 0) {
    log_.warn(why + ": leaving at once, although a library has not ended its threads");
    std::_Exit(exit_code_);
  }
  log_.warn(why + ": leaving at once, what is in flight will be published again");
  std::_Exit(exit_code_ == exit_done ? exit_unexpected : exit_code_);
}

}  // namespace outbox_relay::cli
