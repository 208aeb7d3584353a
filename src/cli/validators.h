#pragma once

#include "config/load.h"

namespace outbox_relay::cli {

/// What librdkafka and libpq say of the values that are theirs. Neither asks a server or opens a file. Usable
/// from one thread at a time.
[[nodiscard]] config::Validators library_validators();

}  // namespace outbox_relay::cli
