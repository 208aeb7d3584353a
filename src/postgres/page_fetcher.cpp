#include "postgres/page_fetcher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "postgres/binary.h"
#include "postgres/placed_rows.h"
#include "postgres/table_identity.h"

namespace outbox_relay::postgres {
namespace {

/// Nothing when so little is left for a row that large values would be everyday.
std::optional<QuickLimits> quick_limits(const core::FetchRequest& request, const Layout& layout) {
  constexpr core::Bytes least_for_values{1024};
  const auto rows = std::max<std::size_t>(request.max_rows, 1) * (request.gaps.empty() ? 1 : 2);
  const core::Bytes share = core::Bytes{request.max_bytes.count / rows} - layout.row_overhead();
  if (share < least_for_values) return std::nullopt;
  const auto others = std::ranges::count_if(
      layout.columns(), [](const auto& selected) { return selected.is_guarded && !selected.is_payload; });
  const auto bytes = static_cast<std::int64_t>(share.count);
  return QuickLimits{bytes / 4 * 3, bytes / 4 / std::max<std::int64_t>(others, 1)};
}

core::Writers read_writers(const Result& result) {
  core::Writers writers;
  for (int row = 0; row < result.rows(); ++row) writers.transactions.push_back(result.text(row, 0));
  return writers;
}

std::optional<core::RowId> read_highest(const Result& result, const Table& table) {
  if (result.rows() == 0) return std::nullopt;
  return read_id(result, 0, table);
}

}  // namespace

/// What the batch of one fetch returned.
struct PageFetcher::Answer {
  std::optional<core::Writers> writers;
  std::optional<core::RowId> highest;
  Result rows;
  Result positions;
};

PageFetcher::PageFetcher(Session& fetching, const Session& completing, const Table& table,
                         const Layout& layout, const Statements& statements, const PageReader& reader)
    : fetching_(&fetching),
      completing_(&completing),
      table_(&table),
      layout_(&layout),
      statements_(&statements),
      reader_(&reader) {}

awaitable<core::Fetched> PageFetcher::fetch(core::FetchRequest request) {
  // Large rows seldom come alone: for this many pages the quick form is not even tried.
  constexpr int pages_after_large_row = 16;
  std::optional<QuickLimits> limits;
  if (exact_pages_ == 0) limits = quick_limits(request, *layout_);
  std::optional<Answer> answer = co_await run(request, limits);
  if (limits && reader_->has_token(answer->rows)) {
    exact_pages_ = pages_after_large_row;
    limits.reset();
    answer.reset();  // its memory, before the other one comes
    answer = co_await run(request, limits);
  }

  const bool is_exact = !limits;
  ReadPage read = reader_->read(std::move(answer->rows), is_exact);
  if (is_exact && exact_pages_ > 0) {
    exact_pages_ = read.cut_before ? pages_after_large_row : exact_pages_ - 1;
  }
  core::Fetched fetched;
  if (!request.gaps.empty() && request.after) {
    const auto above = std::ranges::upper_bound(read.page.rows, *request.after, {}, &core::Row::id);
    fetched.rows_in_gaps = static_cast<std::size_t>(above - read.page.rows.begin());
  }
  fetched.page = std::move(read.page);
  fetched.cut_before = read.cut_before;
  fetched.written = read_position(answer->positions, 0);
  fetched.flushed = read_position(answer->positions, 1);
  fetched.read_at = read_time(answer->positions.bytes(0, 2)).value_or(core::DatabaseTime{});
  fetched.writers = std::move(answer->writers);
  fetched.highest = std::move(answer->highest);
  co_return fetched;
}

/// In one round trip and in this order, on which the rules rely: who writes and what the highest id is, as
/// asked; the rows; how far the log has got. Last, whether these were the table's rows: it cannot be replaced
/// between, because the rows' statement keeps it locked until the end of the batch.
awaitable<PageFetcher::Answer> PageFetcher::run(const core::FetchRequest& request,
                                                std::optional<QuickLimits> limits) const {
  const FetchShape shape{!request.gaps.empty(), request.after.has_value(), request.up_to.has_value(),
                         !limits};
  std::vector<Query> batch;
  if (request.read_writers) {
    Query& writers = batch.emplace_back(statements_->writers());
    writers.oid(table_->oid).integer(fetching_->backend_pid()).integer(completing_->backend_pid());
  }
  if (request.read_highest) batch.emplace_back(statements_->highest());
  Query& rows = batch.emplace_back(statements_->fetch(shape));
  if (limits) {
    rows.bigint(limits->payload).bigint(limits->other);
  } else {
    rows.bigint(static_cast<std::int64_t>(request.max_bytes.count)).bigint(request.whole_row ? 1 : 0);
  }
  rows.text(reader_->token()).bytea(reader_->token());
  rows.bigint(static_cast<std::int64_t>(request.max_rows));
  for (const auto& bound : {request.after.value_or(core::RowId{}), request.up_to.value_or(core::RowId{})}) {
    table_->id_kind == IdKind::number ? rows.bigint(bound.number()) : rows.text(bound.text());
  }
  std::vector<std::int64_t> firsts;
  std::vector<std::int64_t> lasts;
  for (const auto& gap : request.gaps) {
    firsts.push_back(gap.first);
    lasts.push_back(gap.last);
  }
  rows.bigints(firsts).bigints(lasts);
  batch.emplace_back(positions_sql);
  batch.push_back(table_identity_query(*table_));
  auto results = co_await fetching_->run(std::move(batch));

  auto next = results.begin();
  std::optional<core::Writers> writers;
  std::optional<core::RowId> highest;
  if (request.read_writers) writers = read_writers(*next++);
  if (request.read_highest) highest = read_highest(*next++, *table_);
  check_table_identity(results.back(), *table_);
  co_return Answer{std::move(writers), std::move(highest), std::move(next[0]), std::move(next[1])};
}

}  // namespace outbox_relay::postgres
