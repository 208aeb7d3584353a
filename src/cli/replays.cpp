#include "cli/replays.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "cli/replay_assembly.h"
#include "core/failure.h"
#include "telemetry/messages.h"

namespace outbox_relay::cli {

Replays::Replays(boost::asio::io_context& io, const config::Config& config, telemetry::Log& log,
                 std::function<void()> on_empty)
    : io_(io), config_(config), log_(log), on_empty_(std::move(on_empty)) {}

void Replays::begin(const config::Outbox& outbox, std::int64_t request,
                    telemetry::OutboxTelemetry& telemetry) {
  if (is_stopping_ || workers_.contains(outbox.name)) return;
  workers_[outbox.name] = std::make_unique<relay::Worker>(
      [this, &outbox, request, &telemetry](const boost::asio::any_io_executor& executor) {
        return assemble_replay(executor, config_, outbox, request, telemetry, log_);
      },
      [this, &outbox](bool, const std::exception_ptr& failure) {
        boost::asio::post(io_, [this, &outbox, failure] { ended(outbox.name, failure); });
      },
      [this, &outbox] { boost::asio::post(io_, [this, &outbox] { gone(outbox.name); }); });
}

// A secret file that cannot be read now, say: the next sample begins it once more. A bug ends the process, as
// one of any pipeline does.
void Replays::ended(const std::string& outbox, const std::exception_ptr& failure) {
  if (!failure) return;
  try {
    std::rethrow_exception(failure);
  } catch (const core::FailureError& error) {
    log_.warn(telemetry::messages::replay_not_begun,
              {{"outbox", outbox}, {"error", error.failure().message}, {"hint", error.failure().hint}});
  }
}

void Replays::gone(const std::string& outbox) {
  workers_.erase(outbox);
  if (workers_.empty()) on_empty_();
}

void Replays::stop() {
  is_stopping_ = true;
  for (const auto& [outbox, worker] : workers_) worker->stop();
}

}  // namespace outbox_relay::cli
