#include "cli/outboxes.h"

#include <algorithm>
#include <utility>

#include "cli/mapping.h"

namespace outbox_relay::cli {

using telemetry::Message;

Outboxes::Outboxes(boost::asio::io_context& io, telemetry::Telemetry& telemetry, telemetry::Log& log,
                   Events events)
    : io_(io), telemetry_(telemetry), log_(log), events_(std::move(events)) {}

Outboxes::Changes Outboxes::reconcile(const config::Config& config) {
  std::map<std::string, OutboxSettings> wanted;
  for (const config::Outbox& outbox : config.outboxes)
    wanted.try_emplace(outbox.name, OutboxSettings{config.postgres, config.kafka, outbox});
  const Changes changes = changes_to(wanted);
  wanted_ = std::move(wanted);
  for (const auto& [name, outbox] : running_) {
    const auto found = wanted_.find(name);
    const bool goes_on = found != wanted_.end() && found->second == outbox->settings();
    if (goes_on || outbox->is_stopping()) continue;
    told_.at(name)->replaced();
    outbox->stop_within(config.drain_timeout);
  }
  start_wanted();
  return changes;
}

Outboxes::Changes Outboxes::changes_to(const std::map<std::string, OutboxSettings>& wanted) const {
  Changes changes;
  for (const auto& [name, settings] : wanted) {
    const auto before = wanted_.find(name);
    if (before == wanted_.end()) {
      ++changes.started;
    } else if (before->second == settings) {
      ++changes.unchanged;
    } else {
      ++changes.restarted;
    }
  }
  changes.stopped = wanted_.size() - changes.restarted - changes.unchanged;
  return changes;
}

void Outboxes::drain() {
  is_draining_ = true;
  wanted_.clear();
  for (const auto& [name, outbox] : running_) {
    told_.at(name)->stops();
    outbox->stop();
  }
  say_stopped();
}

void Outboxes::say_stopped() {
  if (working_ == 0) log_.say<Message::stopped>(is_settled_);
}

void Outboxes::start_wanted() {
  for (const auto& [name, settings] : wanted_) {
    if (may_start(settings)) start(settings);
  }
}

// A table may change its label, so that one outbox goes and another one comes, which have to wait for each
// other all the same.
bool Outboxes::may_start(const OutboxSettings& settings) const {
  return std::ranges::none_of(running_, [&settings](const auto& each) {
    const config::Outbox& outbox = each.second->settings().outbox;
    return outbox.name == settings.outbox.name || outbox.table == settings.outbox.table;
  });
}

void Outboxes::start(const OutboxSettings& settings) {
  const std::string& name = settings.outbox.name;
  const auto options = to_telemetry_options(settings.outbox);
  if (const auto known = told_.find(name); known != told_.end()) {
    known->second->begun(options);
  } else {
    told_[name] = &telemetry_.add_outbox(options);
  }
  ++working_;
  running_[name] = std::make_unique<RunningOutbox>(
      io_, settings, *told_.at(name), log_,
      RunningOutbox::Events{
          .ended = [this, name](bool settled, std::exception_ptr bug) { ended(name, settled, bug); },
          .gone = [this, name] { gone(name); }});
}

void Outboxes::ended(const std::string& outbox, bool settled, const std::exception_ptr& bug) {
  --working_;
  told_.at(outbox)->ended();
  const bool was_draining = is_draining_;
  if (bug) fail(outbox, bug);
  if (!was_draining) return;
  is_settled_ = is_settled_ && settled;
  say_stopped();
}

void Outboxes::fail(const std::string& outbox, const std::exception_ptr& bug) {
  try {
    std::rethrow_exception(bug);
  } catch (const core::FailureError& error) {
    log_.say<Message::cannot_work>(outbox, error.failure().message, error.failure().hint);
    events_.failed(error.failure());
  } catch (const std::exception& error) {
    log_.say<Message::bug>(outbox, error.what());
    throw;  // out of the context's `run`
  }
}

void Outboxes::gone(const std::string& outbox) {
  running_.erase(outbox);
  if (is_draining_) {
    if (running_.empty()) events_.empty();
    return;
  }
  start_wanted();
  if (wanted_.contains(outbox)) return;
  told_.erase(outbox);
  telemetry_.remove_outbox(outbox);
}

}  // namespace outbox_relay::cli
