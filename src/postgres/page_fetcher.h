#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/finding.h"
#include "postgres/layout.h"
#include "postgres/page_reader.h"
#include "postgres/session.h"
#include "postgres/statements.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// What the quick form asks for: the largest lengths with which even a page full of them stays within the
/// bytes asked for.
struct QuickLimits {
  std::int64_t payload = 0;
  std::int64_t other = 0;
};

/// Fetches pages, in the quick form while rows are small and in the exact form beside large ones
/// (`Statements`).
class PageFetcher {
 public:
  /// `completing` is the relay's other session, whose locks are no writer's.
  PageFetcher(Session& fetching, const Session& completing, const Table& table, const Layout& layout,
              const Statements& statements, const PageReader& reader);

  /// Throws `core::FailureError`; with remedy `rebuild` when the table is another one now.
  awaitable<core::Fetched> fetch(core::FetchRequest request);

 private:
  struct Answer;

  /// In the quick form with `limits`, in the exact form without.
  awaitable<Answer> run(const core::FetchRequest& request, std::optional<QuickLimits> limits) const;

  Session* fetching_;
  const Session* completing_;
  const Table* table_;
  const Layout* layout_;
  const Statements* statements_;
  const PageReader* reader_;
  /// How many pages are still to be fetched in the exact form, because large rows were met.
  int exact_pages_ = 0;
};

}  // namespace outbox_relay::postgres
