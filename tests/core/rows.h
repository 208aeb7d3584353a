#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/finding.h"
#include "core/row.h"

// Rows for tests: no library, no server, only what a rule looks at.
namespace outbox_relay::core::testing {

inline Row row(std::int64_t id, Value key = "key", std::string_view message_id = "message") {
  Row result;
  result.id = RowId{id};
  result.key = key;
  result.message_id = message_id;
  result.payload = "payload";
  return result;
}

inline Page page(std::vector<std::int64_t> ids) {
  constexpr std::size_t bytes_each = 100;
  Page result;
  for (const std::int64_t id : ids) result.rows.push_back(row(id));
  result.bytes = {ids.size() * bytes_each};
  return result;
}

inline std::vector<std::int64_t> ids(const std::vector<Row>& rows) {
  std::vector<std::int64_t> result;
  for (const Row& each : rows) result.push_back(each.id.number());
  return result;
}

using Ids = std::vector<std::int64_t>;
using Ranges = std::vector<IdRange>;

}  // namespace outbox_relay::core::testing
