#include "cli/running_outbox.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "cli/outbox_assembly.h"
#include "cli/replay_assembly.h"
#include "core/failure.h"

namespace outbox_relay::cli {

RunningOutbox::RunningOutbox(boost::asio::io_context& io, OutboxSettings settings,
                             telemetry::OutboxTelemetry& telemetry, telemetry::Log& log, Events events)
    : io_(io),
      settings_(std::move(settings)),
      telemetry_(telemetry),
      log_(log),
      events_(std::move(events)),
      patience_(io) {
  start_pipeline();
}

// A thread tells of its end last, and what it has told before is handled before: nothing that was posted here
// outlives this.
void RunningOutbox::start_pipeline() {
  pipeline_ = std::make_unique<relay::Worker>(
      [this](boost::asio::any_io_executor executor) {
        return assemble_outbox(executor, settings_, telemetry_, log_, [this](std::int64_t request) {
          boost::asio::post(io_, [this, request] { begin_replay(request); });
        });
      },
      [this](bool settled, std::exception_ptr bug) {
        boost::asio::post(io_, [this, settled, bug = std::move(bug)] { events_.ended(settled, bug); });
      },
      [this] { boost::asio::post(io_, [this] { leave(pipeline_); }); });
}

// Nothing when a replay of this outbox is under way: the request waits, and is told again and again.
void RunningOutbox::begin_replay(std::int64_t request) {
  if (is_stopping_ || replay_) return;
  replay_ = std::make_unique<relay::Worker>(
      [this, request](const boost::asio::any_io_executor& executor) {
        return assemble_replay(executor, settings_, request, telemetry_, log_);
      },
      [this](bool, std::exception_ptr failure) {
        boost::asio::post(io_, [this, failure = std::move(failure)] { replay_ended(failure); });
      },
      [this] { boost::asio::post(io_, [this] { leave(replay_); }); });
}

// A secret file that cannot be read now, say: the next sample begins it once more. A bug ends the process, as
// one of any pipeline does.
void RunningOutbox::replay_ended(const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const core::FailureError& error) {
    log_.say<telemetry::Message::replay_not_begun>(settings_.outbox.name, error.failure().message,
                                                   error.failure().hint);
  }
}

// Whoever is told destroys this, so it is told by nothing that lies in here.
void RunningOutbox::leave(std::unique_ptr<relay::Worker>& worker) {
  worker.reset();
  if (!pipeline_ && !replay_) boost::asio::post(io_, events_.gone);
}

void RunningOutbox::stop() {
  is_stopping_ = true;
  for (relay::Worker* worker : {pipeline_.get(), replay_.get()}) {
    if (worker != nullptr) worker->stop();
  }
}

void RunningOutbox::stop_within(std::chrono::milliseconds timeout) {
  stop();
  patience_.expires_after(timeout);
  // One that is on its way when this is destroyed is not cancelled.
  patience_.async_wait([this, alive = std::weak_ptr{alive_}](const boost::system::error_code& error) {
    if (error || alive.expired()) return;
    log_.say<telemetry::Message::drain_cut_short>(settings_.outbox.name);
    for (relay::Worker* worker : {pipeline_.get(), replay_.get()}) {
      if (worker != nullptr) worker->abandon();
    }
  });
}

}  // namespace outbox_relay::cli
