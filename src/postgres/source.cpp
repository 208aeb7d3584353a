#include "postgres/source.h"

#include <algorithm>
#include <utility>

#include "postgres/careful_completer.h"
#include "postgres/classify.h"
#include "postgres/completer.h"
#include "postgres/layout.h"
#include "postgres/page_reader.h"
#include "postgres/watermark_store.h"

namespace outbox_relay::postgres {
namespace {

CatalogRows catalog_rows(const Result& result, int columns) {
  CatalogRows rows;
  for (int row = 0; row < result.rows(); ++row) {
    auto& texts = rows.emplace_back();
    for (int column = 0; column < columns; ++column) texts.push_back(result.text(row, column));
  }
  return rows;
}

/// The largest lengths with which even a page full of them stays within the bytes asked for.
struct QuickLimits {
  std::int64_t payload = 0;
  std::int64_t other = 0;
};

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

std::optional<core::RowId> read_highest(const Result& result, IdKind kind) {
  if (result.rows() == 0) return std::nullopt;
  return kind == IdKind::number ? core::RowId{result.bigint(0, 0)} : core::RowId{result.text(0, 0)};
}

core::LogPosition position(const Result& result, int column) {
  return {static_cast<std::uint64_t>(result.bigint(0, column))};
}

}  // namespace

/// What was learnt of server and table when the sessions were opened.
struct PostgresSource::Opened {
  Opened(Session& completing, ServerIdentity identity, Table described, std::string token, int server_version)
      : server(std::move(identity)),
        table(std::move(described)),
        layout(table),
        statements(table, layout, server_version),
        reader(table, layout, std::move(token)),
        completer(completing, table, statements),
        careful(completing, statements, reader, completer) {}

  ServerIdentity server;
  Table table;
  Layout layout;
  Statements statements;
  PageReader reader;
  Completer completer;
  CarefulCompleter careful;
  std::optional<WatermarkStore> watermarks;
  /// How many pages are still to be fetched in the exact form, because large rows were met.
  int exact_pages = 0;
};

PostgresSource::PostgresSource(const boost::asio::any_io_executor& executor, Settings settings,
                               std::vector<std::string> columns, Events events)
    : settings_(std::move(settings)),
      columns_(std::move(columns)),
      events_(std::move(events)),
      fetching_(executor, helper_, settings_.server, events_.notice),
      completing_(executor, helper_, settings_.server, events_.notice) {}

PostgresSource::~PostgresSource() = default;

void PostgresSource::close() noexcept {
  fetching_.close();
  completing_.close();
  opened_.reset();
}

std::shared_ptr<PostgresSource::Opened> PostgresSource::opened() const {
  if (!opened_) throw core::FailureError(connection_lost("it is closed"));
  return opened_;
}

awaitable<core::SourceFacts> PostgresSource::open() {
  close();
  try {
    co_return co_await open_all();
  } catch (...) {
    close();
    throw;
  }
}

awaitable<core::SourceFacts> PostgresSource::open_all() {
  co_await connect(fetching_, relay::Purpose::fetch);
  co_await connect(completing_, relay::Purpose::complete);
  co_await completing_.run(Query{prefer_places_sql});
  ServerIdentity server = co_await check_same_server();
  Table table = co_await read_table();
  const Result token = co_await fetching_.run(Query{"SELECT gen_random_uuid()::text"});
  const auto opened = std::make_shared<Opened>(completing_, std::move(server), std::move(table),
                                               token.text(0, 0), fetching_.server_version());
  const core::SourceFacts facts = co_await read_facts(opened);
  opened_ = opened;
  co_return facts;
}

awaitable<void> PostgresSource::connect(Session& session, relay::Purpose purpose) {
  co_await session.connect();
  if (events_.connection_opened) events_.connection_opened(purpose);
}

/// During a failover the two may find different primaries: rows would be fetched on one and completed on the
/// other.
awaitable<ServerIdentity> PostgresSource::check_same_server() {
  ServerIdentity one = co_await read_identity(fetching_);
  const ServerIdentity other = co_await read_identity(completing_);
  if (one != other) {
    throw core::FailureError({core::Reason::connection, core::Remedy::rebuild,
                              "the two connections reached different servers",
                              "`postgres.connection` must lead to one primary"});
  }
  co_return one;
}

awaitable<Table> PostgresSource::read_table() {
  constexpr int table_columns = 8;
  constexpr int columns_columns = 5;
  constexpr int sequence_columns = 5;
  const auto ask = [this](const char* sql) {
    Query query{sql};
    query.text(settings_.table.schema).text(settings_.table.name).text(settings_.table.id);
    return query;
  };
  std::vector<Query> batch{ask(catalog_table_sql), ask(catalog_columns_sql), ask(catalog_sequence_sql)};
  const auto results = co_await fetching_.run(std::move(batch));
  const Catalog catalog{catalog_rows(results[0], table_columns), catalog_rows(results[1], columns_columns),
                        catalog_rows(results[2], sequence_columns)};
  co_return describe_table(settings_.table, columns_, catalog);
}

awaitable<core::SourceFacts> PostgresSource::read_facts(std::shared_ptr<Opened> opened) {
  core::SourceFacts facts;
  facts.ids_from_sequence = opened->table.sequence.has_value();
  if (!facts.ids_from_sequence) co_return facts;
  const Result result = co_await fetching_.run(Query{opened->statements.sequence_facts()});
  facts.last_drawn = result.bigint(0, 0);
  facts.before_first = result.is_null(0, 1) ? facts.last_drawn : result.bigint(0, 1);
  facts.watermark = co_await read_watermark(opened, facts.last_drawn);
  co_return facts;
}

awaitable<std::optional<std::int64_t>> PostgresSource::read_watermark(std::shared_ptr<Opened> opened,
                                                                      std::int64_t last_drawn) {
  if (!settings_.control_schema) co_return std::nullopt;
  const WatermarkStore store{*settings_.control_schema, opened->table, opened->server};
  if (const auto trouble = co_await store.find_trouble(fetching_)) {
    if (events_.notice) events_.notice(*trouble);
    co_return std::nullopt;
  }
  opened->watermarks = store;
  co_return co_await store.load(fetching_, last_drawn);
}

awaitable<core::Survey> PostgresSource::survey(core::SurveyRequest request) {
  const auto opened = this->opened();
  Query query{opened->statements.survey()};
  query.bigint(request.after).bigint(request.up_to).bigint(static_cast<std::int64_t>(request.max_rows));
  const Result result = co_await fetching_.run(std::move(query));

  core::Survey survey{{}, request.up_to};
  std::int64_t last = request.after;
  std::int64_t rows = 0;
  for (int row = 0; row < result.rows(); ++row) {
    const auto previous = result.bigint(row, 0);
    last = result.bigint(row, 1);
    rows = result.bigint(row, 2);
    if (last > previous + 1) survey.gaps.push_back({previous + 1, last - 1});
  }
  if (rows == static_cast<std::int64_t>(request.max_rows)) {
    survey.surveyed = last;
  } else if (last < request.up_to) {
    survey.gaps.push_back({last + 1, request.up_to});
  }
  co_return survey;
}

awaitable<core::Fetched> PostgresSource::fetch(core::FetchRequest request) {
  // Large rows seldom come alone: for this many pages the quick form is not even tried.
  constexpr int pages_after_large_row = 16;
  const auto opened = this->opened();
  FetchShape shape{!request.gaps.empty(), request.after.has_value(), request.up_to.has_value(), false};
  std::vector<Result> results;
  if (opened->exact_pages == 0 && quick_limits(request, opened->layout)) {
    results = co_await run_fetch(opened, request, shape);
    if (opened->reader.has_token(results[results.size() - 2])) {
      opened->exact_pages = pages_after_large_row;
      results.clear();
    }
  }
  if (results.empty()) {
    shape.is_exact = true;
    results = co_await run_fetch(opened, request, shape);
  }

  const Result& positions = results.back();
  ReadPage read = opened->reader.read(results[results.size() - 2], shape.is_exact);
  if (shape.is_exact && opened->exact_pages > 0) {
    opened->exact_pages = read.cut_before ? pages_after_large_row : opened->exact_pages - 1;
  }
  core::Fetched fetched;
  if (shape.with_gaps && request.after) {
    const auto above = std::ranges::upper_bound(read.page.rows, *request.after, {}, &core::Row::id);
    fetched.rows_in_gaps = static_cast<std::size_t>(above - read.page.rows.begin());
  }
  fetched.page = std::move(read.page);
  fetched.cut_before = read.cut_before;
  fetched.written = position(positions, 0);
  fetched.flushed = position(positions, 1);
  fetched.read_at = read_time(positions.bytes(0, 2)).value_or(core::DatabaseTime{});
  auto before = results.begin();
  if (request.read_writers) fetched.writers = read_writers(*before++);
  if (request.read_highest) fetched.highest = read_highest(*before, opened->table.id_kind);
  co_return fetched;
}

/// In one round trip and in this order, on which the rules rely: who writes and what the highest id is, as
/// asked; the rows; how far the log has got.
awaitable<std::vector<Result>> PostgresSource::run_fetch(std::shared_ptr<Opened> opened,
                                                         const core::FetchRequest& request,
                                                         FetchShape shape) {
  std::vector<Query> batch;
  if (request.read_writers) {
    Query& writers = batch.emplace_back(opened->statements.writers());
    writers.oid(opened->table.oid).integer(fetching_.backend_pid()).integer(completing_.backend_pid());
  }
  if (request.read_highest) batch.emplace_back(opened->statements.highest());
  Query& rows = batch.emplace_back(opened->statements.fetch(shape));
  if (shape.is_exact) {
    rows.bigint(static_cast<std::int64_t>(request.max_bytes.count)).bigint(request.whole_row ? 1 : 0);
  } else {
    const auto limits = quick_limits(request, opened->layout).value_or(QuickLimits{});
    rows.bigint(limits.payload).bigint(limits.other);
  }
  rows.text(opened->reader.token()).bytea(opened->reader.token());
  rows.bigint(static_cast<std::int64_t>(request.max_rows));
  for (const auto& bound : {request.after.value_or(core::RowId{}), request.up_to.value_or(core::RowId{})}) {
    opened->table.id_kind == IdKind::number ? rows.bigint(bound.number()) : rows.text(bound.text());
  }
  std::vector<std::int64_t> firsts;
  std::vector<std::int64_t> lasts;
  for (const auto& gap : request.gaps) {
    firsts.push_back(gap.first);
    lasts.push_back(gap.last);
  }
  rows.bigints(firsts).bigints(lasts);
  batch.emplace_back(positions_sql);
  co_return co_await fetching_.run(std::move(batch));
}

awaitable<core::LogPosition> PostgresSource::read_flush_position() {
  const Result result = co_await fetching_.run(Query{flush_position_sql});
  co_return position(result, 0);
}

awaitable<std::size_t> PostgresSource::complete(std::span<core::InFlight* const> rows) {
  const auto opened = this->opened();
  std::vector<Completer::Placed> placed;
  std::vector<const core::Row*> trusted;
  std::vector<const core::Row*> doubtful;
  for (const core::InFlight* row : rows) {
    if (!row->page->places_hold) {
      doubtful.push_back(row->row);
      continue;
    }
    placed.push_back({row->row->place, &row->row->id});
    trusted.push_back(row->row);
  }
  std::size_t completed = 0;
  if (!placed.empty()) completed = co_await opened->completer.complete(std::move(placed));
  // Which of them moved need not be known: those that are complete are not found pending again.
  if (completed < trusted.size()) doubtful.insert(doubtful.end(), trusted.begin(), trusted.end());
  if (!doubtful.empty()) completed += co_await opened->careful.complete(std::move(doubtful));
  co_return completed;
}

awaitable<void> PostgresSource::save_watermark(std::int64_t watermark) {
  const auto opened = this->opened();
  if (!opened->watermarks) co_return;
  try {
    co_await opened->watermarks->save(completing_, watermark);
  } catch (const core::FailureError& error) {
    // Whatever it is, it is not worth a stop; a connection that was lost shows at the next completion.
    core::Failure failure = error.failure();
    failure.remedy = core::Remedy::retry;
    throw core::FailureError(std::move(failure));
  }
}

}  // namespace outbox_relay::postgres
