#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "connection.h"
#include "core/row.h"

// The outbox table as the bare contenders see it: the relay's statements without what the relay adds for
// safety.
namespace outbox_relay::bench {

enum class Completion : std::uint8_t { mark, remove };

/// The columns of a page, in their order; the same as the relay's default configuration fetches.
namespace column {
enum Column : int { id, place, message_id, key, payload, headers, created_at, type };
}

struct Page;

struct FetchedRow {
  Page* page = nullptr;
  int number = 0;  ///< in the page's result
  std::int64_t id = 0;
  core::RowPlace place;
};

/// Rows that came together and whose memory is freed together, with the last of them.
struct Page {
  explicit Page(postgres::Result fetched);
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  postgres::Result result;
  std::vector<FetchedRow> rows;
  std::size_t unfinished = 0;
  std::size_t bytes = 0;
};

class Outbox {
 public:
  Outbox(Connection& connection, Completion completion);

  /// The next pending rows above an id.
  [[nodiscard]] postgres::Query fetch(std::int64_t after, std::size_t rows) const;
  /// Marks or deletes rows by their places and ids.
  [[nodiscard]] postgres::Query complete(std::span<const FetchedRow* const> rows) const;

 private:
  std::string fetch_sql_;
  std::string complete_sql_;
};

/// The relay's own session settings, which pin the plans.
void pin_plans(Connection& connection, bool completes_rows);

/// The condition of all contenders, in the table's own terms.
inline constexpr const char* pending = "sent_at IS NULL AND parked_at IS NULL";

/// The list of columns above; `prefix` is "o." or nothing.
[[nodiscard]] std::string columns_sql(Connection& connection);

}  // namespace outbox_relay::bench
