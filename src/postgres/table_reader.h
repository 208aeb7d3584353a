#pragma once

#include <boost/asio/awaitable.hpp>
#include <span>
#include <string>

#include "postgres/session.h"
#include "postgres/settings.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// What the catalog says of an outbox's table (`describe_table`), by one round trip. `columns` is
/// `core::Routing::columns`.
awaitable<Table> read_table(Session& session, const TableSettings& table,
                            std::span<const std::string> columns);

}  // namespace outbox_relay::postgres
