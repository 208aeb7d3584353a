#pragma once

#include "config/config.h"
#include "config/reader.h"

namespace outbox_relay::config {

/// Checks what `envelope` wants of the other options of an outbox: what it fixes gives way where it is a
/// default, and is a conflict where it is given.
void check_envelope(Outbox& outbox, const Section& section);

}  // namespace outbox_relay::config
