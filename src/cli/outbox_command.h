#pragma once

#include <functional>
#include <string>

#include "config/config.h"
#include "core/failure.h"

// What the commands about a configuration share: the way from its file to an exit code. What
// goes wrong is said on standard error.
namespace outbox_relay::cli {

using ConfigWork = std::function<int(const config::Config&)>;
using OutboxWork = std::function<int(const config::Config&, const config::Outbox&)>;

/// Runs `work` with the configuration in a file, and returns its exit code; `exit_configuration` when the
/// file is wrong, `exit_unavailable` when `work` throws `core::FailureError`.
[[nodiscard]] int with_config(const std::string& file, const ConfigWork& work);
/// The same with the outbox of this name, or the only one where no name is given; `exit_usage` when there is
/// none.
[[nodiscard]] int with_outbox(const std::string& file, const std::string& name, const OutboxWork& work);

/// What has failed, and what to do about it, ready to be shown.
[[nodiscard]] std::string to_text(const core::Failure& failure);

}  // namespace outbox_relay::cli
