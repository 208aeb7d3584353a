#pragma once

#include <span>

#include "config/config.h"
#include "config/problem.h"
#include "config/reader.h"

namespace outbox_relay::config {

/// Checks what no option of an outbox can say alone: combinations that make no sense, columns that are not
/// there. All values, the preset's included, are read before; `section` is what the file gives. Completes the
/// outbox: what the values in force make meaningless is switched off, and defaults give way to what is given.
void check_outbox(Outbox& outbox, const Section& section);

/// Checks what an outbox wants of the database's side.
void check_coordination(const Outbox& outbox, const Section& section, const Postgres& postgres);

/// Checks the names and tables of all outboxes against each other. `sections` are theirs, in the same order.
void check_distinct(std::span<const Outbox> outboxes, std::span<const Section> sections, Report& report);

}  // namespace outbox_relay::config
