#pragma once

#include <string>

#include "config/config.h"

namespace outbox_relay::cli {

/// The outbox of this name, or the only one where no name is given. Otherwise says on standard error what
/// there is, and returns nothing. Belongs to `config`.
[[nodiscard]] const config::Outbox* choose_outbox(const config::Config& config,
                                                  const std::string& config_file, const std::string& name);

}  // namespace outbox_relay::cli
