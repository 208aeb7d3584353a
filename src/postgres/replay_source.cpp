#include "postgres/replay_source.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <utility>

#include "core/failure.h"
#include "postgres/classify.h"
#include "postgres/page_fetcher.h"
#include "postgres/page_reader.h"
#include "postgres/row_bounds.h"
#include "postgres/statements.h"
#include "postgres/table_reader.h"

namespace outbox_relay::postgres {

namespace {

/// Rows that are not acknowledged after so long may have left the window (a topic that is held), and are read
/// again.
constexpr std::chrono::seconds look_again_after{1};
constexpr std::size_t largest_page = 1000;

SessionUse use_for_replay(const Settings& settings) {
  return {.is_pooled = settings.coordination == Coordination::lease,
          .completes_rows = false,
          .ends_after_silence = {}};
}

const std::string lease_end = "clock_timestamp() + $3 * interval '1 ms'";

core::RowId to_id(const std::string& text, const Table& table) {
  if (table.id_kind != IdKind::number) return core::RowId{text};
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return core::RowId{number};
}

}  // namespace

/// What was asked for, ids as texts.
struct ReplaySource::Request {
  std::uint32_t table_oid = 0;
  std::optional<std::string> above_id;
  std::string last_id;
  std::optional<std::int64_t> created_from;
  std::optional<std::int64_t> created_before;
  std::size_t rows_per_second = 1;
  std::optional<std::string> replayed_up_to;

  [[nodiscard]] std::size_t page_rows() const {
    return std::clamp<std::size_t>(rows_per_second / 10, 1, largest_page);
  }
};

ReplaySource::Request ReplaySource::read_request(const Result& claimed) {
  const auto moment = [&](int column) -> std::optional<std::int64_t> {
    if (claimed.is_null(0, column)) return std::nullopt;
    return claimed.bigint(0, column);
  };
  Request request;
  request.table_oid = read_number<std::uint32_t>(claimed.bytes(0, 0));
  if (!claimed.is_null(0, 1)) request.above_id = claimed.text(0, 1);
  request.last_id = claimed.text(0, 2);
  request.created_from = moment(3);
  request.created_before = moment(4);
  request.rows_per_second = static_cast<std::size_t>(read_number<std::int32_t>(claimed.bytes(0, 5)));
  if (!claimed.is_null(0, 6)) request.replayed_up_to = claimed.text(0, 6);
  return request;
}

/// What was learnt of the table when the session was opened.
struct ReplaySource::Opened {
  Opened(Session& fetching, const Session& claiming, Table described, const Request& request,
         std::string token)
      : table(std::move(described)),
        layout(table),
        statements(table, layout, fetching.server_version(),
                   replayed_condition(table, request.created_from, request.created_before)),
        reader(table, layout, std::move(token)),
        fetcher(fetching, claiming, table, layout, statements, reader),
        last(to_id(request.last_id, table)) {}

  Table table;
  Layout layout;
  Statements statements;
  PageReader reader;
  PageFetcher fetcher;
  core::RowId last;
};

ReplaySource::ReplaySource(const boost::asio::any_io_executor& executor, Settings settings,
                           std::vector<std::string> columns, std::int64_t request, relay::Clock& clock,
                           Events events)
    : settings_(std::move(settings)),
      columns_(std::move(columns)),
      id_(request),
      clock_(&clock),
      events_(std::move(events)),
      fetching_(executor, helper_, settings_.server, use_for_replay(settings_), events_.notice),
      claiming_(executor, helper_, settings_.server, use_for_replay(settings_), events_.notice),
      relation_(qualified(settings_.control_schema.value_or(""), replay_table)) {}

ReplaySource::~ReplaySource() = default;

void ReplaySource::close() noexcept {
  fetching_.close();
  claiming_.close();
  opened_.reset();
}

std::shared_ptr<ReplaySource::Opened> ReplaySource::opened() const {
  if (!opened_) throw core::FailureError(connection_lost("it is closed"));
  return opened_;
}

void ReplaySource::end(ReplayState outcome) {
  if (std::exchange(outcome_, outcome)) return;
  events_.ended();
}

// The claim.

Query ReplaySource::update(const std::string& assignments, const std::string& condition) const {
  Query query{"UPDATE " + relation_ + " r SET " + assignments + " WHERE r.id = $1 AND r.state IN " +
              open_replay_states + " AND " + condition};
  query.bigint(id_).text(holder_).bigint(replay_lease.count());
  return query;
}

awaitable<std::optional<relay::Lead>> ReplaySource::take_lead() {
  if (!claiming_.is_open()) {
    close();
    co_await claiming_.connect();
  }
  if (holder_.empty()) {
    const Result drawn = co_await claiming_.run(Query{"SELECT gen_random_uuid()::text"});
    holder_ = drawn.text(0, 0);
  }
  const Result claimed = co_await claiming_.run(
      update("state = 'running', holder = $2::uuid, held_until = " + lease_end,
             "(r.holder = $2::uuid OR r.held_until IS NULL OR r.held_until < clock_timestamp()) RETURNING "
             "r.table_oid,"
             " r.above_id, r.last_id, " +
                 microseconds_sql("r.created_from") + ", " + microseconds_sql("r.created_before") +
                 ", r.rows_per_second, r.replayed_up_to"));
  if (claimed.rows() == 0) {
    end(ReplayState::running);
    co_return std::nullopt;
  }
  request_ = std::make_unique<Request>(read_request(claimed));
  co_return relay::Lead{replay_lease * 3 / 4};
}

awaitable<void> ReplaySource::keep_lead() {
  co_await advance(0, 0, std::string{}, std::string{});
}

awaitable<void> ReplaySource::resign() {
  co_await write_end(std::string{});
}

// What was passed on is another relay's to end; what was only stopped here stays to be done.
awaitable<void> ReplaySource::write_end(std::string error) {
  Query query = update(
      "held_until = NULL, holder = NULL, state = $4, last_error = coalesce(nullif($5, ''), r.last_error),"
      " ended_at = CASE WHEN $4 <> 'running' THEN clock_timestamp() END",
      "r.holder = $2::uuid");
  query.text(to_text(outcome_.value_or(ReplayState::running))).text(error);
  co_await claiming_.run(std::move(query));
}

awaitable<void> ReplaySource::advance(std::size_t replayed, std::size_t refused, std::string up_to,
                                      std::string error) {
  Query query = update("held_until = " + lease_end +
                           ", replayed_rows = r.replayed_rows + $4, refused_rows = r.refused_rows + $5,"
                           " replayed_up_to = coalesce(nullif($6, ''), r.replayed_up_to),"
                           " last_error = coalesce(nullif($7, ''), r.last_error)",
                       "r.holder = $2::uuid RETURNING r.is_cancelled");
  query.bigint(static_cast<std::int64_t>(replayed)).bigint(static_cast<std::int64_t>(refused));
  query.text(up_to).text(error);
  const Result written = co_await claiming_.run(std::move(query));
  if (written.rows() == 0) {
    throw core::FailureError({core::Reason::conflict, core::Remedy::rebuild,
                              "another relay works on the replay, or somebody has ended it", ""});
  }
  if (written.boolean(0, 0)) end(ReplayState::cancelled);
}

// Reading.

awaitable<core::SourceFacts> ReplaySource::open() {
  opened_.reset();
  co_await fetching_.connect();
  if (fetching_.server_started() != claiming_.server_started()) {
    throw core::FailureError({core::Reason::connection, core::Remedy::rebuild,
                              "the two connections reached different servers",
                              "`postgres.connection` must lead to one primary"});
  }
  Table table = co_await read_table(fetching_, settings_.table, columns_);
  if (table.oid != request_->table_oid || !table.sent) {
    end(ReplayState::failed);
    co_await write_end("the outbox has another table now, or none that keeps sent rows");
    throw core::FailureError(
        {core::Reason::missing, core::Remedy::rebuild, "the replay was requested of another table", ""});
  }
  const Result token = co_await fetching_.run(Query{"SELECT gen_random_uuid()::text"});
  opened_ = std::make_shared<Opened>(fetching_, claiming_, std::move(table), *request_, token.text(0, 0));
  const auto& begin = request_->replayed_up_to ? request_->replayed_up_to : request_->above_id;
  if (!position_ && begin) position_ = to_id(*begin, opened_->table);
  co_return core::SourceFacts{};
}

// While a page is out there is nothing new to read. What Kafka has acknowledged is known by `complete`, not
// by the table, so rows of the page are read again only to find those that left the window.
awaitable<core::Fetched> ReplaySource::fetch(core::FetchRequest request) {
  const auto opened = this->opened();
  const bool is_new = open_.empty();
  const auto now = clock_->now();
  if (outcome_ || now < (is_new ? next_page_at_ : look_again_at_)) co_return core::Fetched{};
  request.gaps.clear();
  request.read_highest = request.read_writers = false;
  request.after = position_;
  request.up_to = is_new ? opened->last : *page_end_;
  request.max_rows = std::min(request.max_rows, request_->page_rows());
  const auto asked_rows = request.max_rows;
  look_again_at_ = now + look_again_after;
  core::Fetched fetched = co_await opened->fetcher.fetch(std::move(request));
  if (is_new) {
    begin_page(fetched, now);
  } else {
    look_again(fetched, asked_rows);
  }
  co_return fetched;
}

void ReplaySource::begin_page(const core::Fetched& fetched, relay::Clock::TimePoint now) {
  const auto& rows = fetched.page.rows;
  if (rows.empty()) {
    if (!fetched.cut_before) end(ReplayState::done);
    return;
  }
  for (const core::Row& row : rows) open_.insert(row.id);
  page_end_ = rows.back().id;
  next_page_at_ = now + std::chrono::microseconds{1'000'000 * rows.size() / request_->rows_per_second};
}

// A row that is gone (its time to be kept has passed) is no longer waited for.
void ReplaySource::look_again(core::Fetched& fetched, std::size_t asked_rows) {
  auto& rows = fetched.page.rows;
  const bool sees_all = !fetched.cut_before && rows.size() < asked_rows;
  std::set<core::RowId> found;
  for (const core::Row& row : rows) found.insert(row.id);
  std::erase_if(open_, [&](const core::RowId& id) {
    return !found.contains(id) && (sees_all || (!rows.empty() && id < rows.back().id));
  });
  if (open_.empty()) position_ = page_end_;
  std::erase_if(rows, [this](const core::Row& row) { return !open_.contains(row.id); });
}

// Settling.

awaitable<void> ReplaySource::settle(const std::set<core::RowId>& rows, std::size_t refused,
                                     std::string error) {
  const bool is_page_out =
      std::ranges::all_of(open_, [&rows](const core::RowId& id) { return rows.contains(id); });
  std::string up_to;
  if (is_page_out && page_end_) up_to = page_end_->to_string();
  co_await advance(rows.size() - refused, refused, std::move(up_to), std::move(error));
  for (const core::RowId& id : rows) open_.erase(id);
  if (open_.empty()) position_ = page_end_;
}

awaitable<relay::Completed> ReplaySource::complete(std::span<core::InFlight* const> rows) {
  std::set<core::RowId> ids;
  for (const core::InFlight* row : rows) ids.insert(row->row->id);
  co_await settle(ids, 0, std::string{});
  co_return relay::Completed{ids.size(), {}};
}

awaitable<std::vector<core::RowId>> ReplaySource::park(std::span<const core::Parking> rows) {
  std::set<core::RowId> ids;
  for (const core::Parking& parking : rows) ids.insert(parking.row->row->id);
  const auto& last = rows.back();
  co_await settle(ids, ids.size(), "row " + last.row->row->id.to_string() + ": " + last.failure.message);
  co_return std::vector<core::RowId>{ids.begin(), ids.end()};
}

// Rows that were refused are passed over for good, and nothing waits behind them.
awaitable<std::vector<core::Released>> ReplaySource::find_released(std::span<const core::RowId>) {
  co_return std::vector<core::Released>{};
}

// Sent rows were durable long ago.
awaitable<core::LogPosition> ReplaySource::read_flush_position(bool) {
  co_return core::LogPosition{};
}

// These are for ids from a sequence, whose gaps mean nothing here.
awaitable<core::Survey> ReplaySource::survey(core::SurveyRequest) {
  co_return core::Survey{};
}

awaitable<bool> ReplaySource::next_notification() {
  co_return false;
}

awaitable<void> ReplaySource::save_watermark(std::int64_t) {
  co_return;
}

}  // namespace outbox_relay::postgres
