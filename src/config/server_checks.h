#pragma once

#include "config/config.h"
#include "config/load.h"
#include "config/reader.h"

namespace outbox_relay::config {

/// Checks the connection string, which only libpq can judge, and that there is one password.
void check_postgres(const Postgres& postgres, const Section& section, const Validators& validators);

/// Checks each librdkafka property, and them against the other options. Hides the values that may be secrets.
void check_kafka(const Section& section, const Validators& validators);

}  // namespace outbox_relay::config
