#include "postgres/source.h"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <exception>
#include <set>
#include <utility>

#include "core/failpoint.h"
#include "postgres/careful_completer.h"
#include "postgres/classify.h"
#include "postgres/completer.h"
#include "postgres/identifiers.h"
#include "postgres/layout.h"
#include "postgres/page_fetcher.h"
#include "postgres/page_reader.h"
#include "postgres/parked_reader.h"
#include "postgres/parker.h"
#include "postgres/parking_statements.h"
#include "postgres/statements.h"
#include "postgres/table_reader.h"
#include "postgres/watermark_store.h"

namespace outbox_relay::postgres {

using boost::asio::experimental::awaitable_operators::operator&&;

namespace {

bool is_pooled(const Settings& settings) {
  return settings.coordination == Coordination::lease;
}

SessionUse use_for_fetching(const Settings& settings) {
  return {.is_pooled = is_pooled(settings), .completes_rows = false, .ends_after_silence = {}};
}

SessionUse use_for_completing(const Settings& settings) {
  SessionUse use{.is_pooled = is_pooled(settings), .completes_rows = true, .ends_after_silence = {}};
  if (settings.coordination == Coordination::advisory_lock) use.ends_after_silence = settings.lock_time;
  return use;
}

}  // namespace

/// What was learnt of server and table when the sessions were opened.
struct PostgresSource::Opened {
  Opened(Session& fetching, Session& completing, Table described, std::string token, CompletionCommit commit)
      : table(std::move(described)),
        layout(table),
        statements(table, layout, fetching.server_version()),
        reader(table, layout, std::move(token)),
        fetcher(fetching, completing, table, layout, statements, reader),
        completer(completing, table, statements, commit),
        careful(completing, table, statements, reader, completer) {
    if (!table.last_error) return;
    parking.emplace(table);
    parker.emplace(completing, table, *parking);
    parked.emplace(fetching, table, *parking);
  }

  Table table;
  Layout layout;
  Statements statements;
  PageReader reader;
  PageFetcher fetcher;
  Completer completer;
  CarefulCompleter careful;
  /// These three where the table has the columns.
  std::optional<ParkingStatements> parking;
  std::optional<Parker> parker;
  std::optional<ParkedReader> parked;
  std::optional<WatermarkStore> watermarks;
  /// Rows that were to be completed while somebody had locked them.
  std::set<core::RowId> locked;
};

PostgresSource::PostgresSource(const boost::asio::any_io_executor& executor, Settings settings,
                               std::vector<std::string> columns, Events events)
    : settings_(std::move(settings)),
      columns_(std::move(columns)),
      events_(std::move(events)),
      fetching_(executor, helper_, settings_.server, use_for_fetching(settings_), events_.notice),
      completing_(executor, helper_, settings_.server, use_for_completing(settings_), events_.notice),
      leadership_(make_leadership(settings_)) {}

PostgresSource::~PostgresSource() = default;

void PostgresSource::close() noexcept {
  fetching_.close();
  completing_.close();
  lead_.reset();
  opened_.reset();
}

std::shared_ptr<PostgresSource::Opened> PostgresSource::opened() const {
  if (!opened_) throw core::FailureError(connection_lost("it is closed"));
  return opened_;
}

awaitable<std::optional<relay::Lead>> PostgresSource::take_lead() {
  if (!completing_.is_open()) {
    close();
    server_ = co_await connect(completing_, relay::Purpose::complete);
  }
  lead_ = co_await leadership_->take(completing_);
  co_return lead_;
}

awaitable<void> PostgresSource::keep_lead() {
  co_await leadership_->keep(completing_);
}

awaitable<void> PostgresSource::resign() {
  if (!std::exchange(lead_, std::nullopt)) co_return;
  co_await leadership_->give_up(completing_);
}

/// What comes about while the fetching session is opened, by two coroutines.
struct PostgresSource::Opening {
  explicit Opening(const boost::asio::any_io_executor& executor) : pulse(executor) {}

  std::shared_ptr<Opened> opened;
  core::SourceFacts facts;
  std::optional<std::int64_t> lowest_released;  ///< of rows that are pending again by this opening
  std::exception_ptr failure;                   ///< the first one
  bool is_done = false;
  boost::asio::steady_timer pulse;
};

// A slow server, or a lock on the table, must not cost the lead: without a word the server ends the
// completing session, or the lease runs out, and the next attempt would take as long. The watermark is read
// by that session, so only then.
awaitable<core::SourceFacts> PostgresSource::open() {
  assert(lead_ || core::is_mutated("ignore_the_lock"));
  opened_.reset();
  Opening opening{co_await boost::asio::this_coro::executor};
  co_await (open_fetching(opening) && keep_lead_beside(opening));
  try {
    if (opening.failure) std::rethrow_exception(opening.failure);
    const auto& watermarks = opening.opened->watermarks;
    auto& watermark = opening.facts.watermark;
    if (watermarks) watermark = co_await watermarks->load(completing_, opening.facts.last_drawn);
    if (watermark && opening.lowest_released) watermark = std::min(*watermark, *opening.lowest_released - 1);
  } catch (...) {
    fetching_.close();
    throw;
  }
  opened_ = std::move(opening.opened);
  co_return opening.facts;
}

/// During a failover the two sessions may find different primaries: rows would be fetched on one and
/// completed on the other.
awaitable<void> PostgresSource::open_fetching(Opening& opening) {
  try {
    const ServerIdentity server = co_await connect(fetching_, relay::Purpose::fetch);
    if (server != server_) {
      throw core::FailureError({core::Reason::connection, core::Remedy::rebuild,
                                "the two connections reached different servers",
                                "`postgres.connection` must lead to one primary"});
    }
    Table table = co_await read_table(fetching_, settings_.table, columns_);
    if (table.advice && events_.notice) events_.notice(*table.advice);
    const Result session = co_await fetching_.run(
        Query{"SELECT gen_random_uuid()::text, current_setting('synchronous_commit') = 'off'"});
    const bool are_durable =
        settings_.completion_commit == CompletionCommit::synchronous && !session.boolean(0, 1);
    opening.facts.may_have_lost_completions =
        co_await last_completion_.may_be_lost(fetching_, table, server_, are_durable);
    opening.opened = std::make_shared<Opened>(fetching_, completing_, std::move(table), session.text(0, 0),
                                              settings_.completion_commit);
    co_await listen();
    co_await read_facts(opening);
    if (opening.facts.ids_from_sequence) co_await find_watermarks(*opening.opened);
  } catch (...) {
    if (!opening.failure) opening.failure = std::current_exception();
  }
  opening.is_done = true;
  opening.pulse.cancel();
}

awaitable<void> PostgresSource::keep_lead_beside(Opening& opening) {
  if (!lead_ || !lead_->lasts) co_return;
  const auto interval = *lead_->lasts / 4;
  while (!opening.is_done) {
    opening.pulse.expires_after(interval);
    boost::system::error_code cancelled;
    co_await opening.pulse.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
    if (opening.is_done) co_return;
    try {
      co_await leadership_->keep(completing_);
    } catch (const core::FailureError& error) {
      if (error.failure().remedy == core::Remedy::retry) continue;
      if (!opening.failure) opening.failure = std::current_exception();
      fetching_.close();
      co_return;
    }
  }
}

awaitable<ServerIdentity> PostgresSource::connect(Session& session, relay::Purpose purpose) {
  co_await session.connect();
  if (events_.connection_opened) events_.connection_opened(purpose);
  try {
    co_return co_await read_identity(session);
  } catch (...) {
    session.close();
    throw;
  }
}

awaitable<void> PostgresSource::read_facts(Opening& opening) {
  const Opened& opened = *opening.opened;
  core::SourceFacts& facts = opening.facts;
  facts.ids_from_sequence = opened.table.sequence.has_value();
  if (opened.parked) {
    opening.lowest_released = co_await opened.parked->release_orphaned();
    facts.parked = co_await opened.parked->read();
  }
  if (!facts.ids_from_sequence) co_return;
  const Result result = co_await fetching_.run(Query{opened.statements.sequence_facts()});
  facts.last_drawn = result.bigint(0, 0);
  facts.before_first = result.is_null(0, 1) ? facts.last_drawn : result.bigint(0, 1);
}

awaitable<void> PostgresSource::find_watermarks(Opened& opened) {
  if (!settings_.control_schema) co_return;
  const WatermarkStore store{*settings_.control_schema, opened.table, server_};
  const auto trouble = co_await store.find_trouble(fetching_);
  if (!trouble) {
    opened.watermarks = store;
  } else if (events_.notice) {
    events_.notice(*trouble);
  }
}

// Before the first fetch, so that nothing falls between them.
awaitable<void> PostgresSource::listen() {
  if (is_listening()) {
    co_await fetching_.run(Query{"LISTEN " + quoted_name(*settings_.notify_channel)});
  } else if (settings_.notify_channel && events_.notice) {
    events_.notice(
        "`notify_channel` is not used with `coordination: lease`: no notification passes a pooler");
  }
}

bool PostgresSource::is_listening() const {
  return settings_.notify_channel && !is_pooled(settings_);
}

awaitable<bool> PostgresSource::next_notification() {
  co_return co_await fetching_.next_notification();
}

void PostgresSource::interrupt() noexcept {
  fetching_.interrupt();
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
  const auto opened = this->opened();
  fetching_.forget_notifications();  // the fetch sees what they were about
  co_return co_await opened->fetcher.fetch(std::move(request));
}

// The watermark's row is at hand, and a lock of it stands in nobody's way.
awaitable<void> PostgresSource::flush_log() {
  const auto opened = this->opened();
  if (!opened->watermarks) co_return;
  try {
    co_await opened->watermarks->flush_log(fetching_);
  } catch (const core::FailureError& error) {
    if (error.failure().remedy != core::Remedy::retry) throw;  // otherwise the server flushes in its own time
  }
}

awaitable<core::LogPosition> PostgresSource::read_flush_position(bool flush_first) {
  if (flush_first) co_await flush_log();
  const Result result = co_await fetching_.run(Query{flush_position_sql});
  co_return read_position(result, 0);
}

// One row that somebody has locked must not keep all others from being completed. Those that were met locked
// are asked for without waiting from then on.
awaitable<relay::Completed> PostgresSource::complete(std::span<core::InFlight* const> rows) {
  const auto opened = this->opened();
  const bool meets_locked = !opened->locked.empty() && std::ranges::any_of(rows, [&](const auto* row) {
    return opened->locked.contains(row->row->id);
  });
  std::optional<LockTimeout> timeout;
  if (!meets_locked) {
    try {
      const auto completed = co_await complete_all(*opened, rows);
      co_return relay::Completed{completed, {}};
    } catch (const LockTimeout& error) {
      timeout = error;
    }
  }
  try {
    co_return co_await complete_unlocked(*opened, rows);
  } catch (const core::FailureError& error) {
    // To lock rows takes the right to update some column, which a role that deletes them may lack.
    if (timeout && error.failure().reason == core::Reason::authorization) throw LockTimeout{*timeout};
    throw;
  }
}

awaitable<std::size_t> PostgresSource::complete_all(const Opened& opened,
                                                    std::span<core::InFlight* const> rows) {
  if (rows.empty()) co_return 0;
  std::vector<PlacedRow> placed;
  std::vector<const core::Row*> trusted;
  std::vector<const core::Row*> doubtful;
  placed.reserve(rows.size());
  trusted.reserve(rows.size());
  for (const core::InFlight* row : rows) {
    if (!row->page->places_hold) {
      doubtful.push_back(row->row);
      continue;
    }
    placed.push_back({row->row->place, &row->row->id});
    trusted.push_back(row->row);
  }
  std::size_t completed = 0;
  if (!placed.empty()) completed = co_await opened.completer.complete(std::move(placed));
  // Which of them moved need not be known: those that are complete are not found pending again.
  if (completed < trusted.size()) doubtful.insert(doubtful.end(), trusted.begin(), trusted.end());
  std::optional<core::RowId> last;  // not known when there was more than one statement
  if (doubtful.empty()) {
    last = trusted.back()->id;
  } else {
    completed += co_await opened.careful.complete(std::move(doubtful));
  }
  last_completion_.acknowledged(server_, std::move(last));
  co_return completed;
}

awaitable<relay::Completed> PostgresSource::complete_unlocked(Opened& opened,
                                                              std::span<core::InFlight* const> rows) {
  std::vector<const core::Row*> wanted;
  for (const core::InFlight* row : rows) wanted.push_back(row->row);
  const auto unlocked = co_await opened.careful.complete_unlocked(std::move(wanted));
  last_completion_.acknowledged(server_, {});
  const bool is_news = opened.locked.empty() && !unlocked.locked.empty();
  for (const core::InFlight* row : rows) opened.locked.erase(row->row->id);
  relay::Completed completed{unlocked.completed, {}};
  for (core::InFlight* row : rows) {
    if (std::ranges::find(unlocked.locked, row->row) == unlocked.locked.end()) continue;
    completed.locked.push_back(row);
    opened.locked.insert(row->row->id);
  }
  if (is_news && events_.notice) {
    events_.notice("somebody has locked rows of table " + qualified(opened.table.schema, opened.table.name) +
                   " that are published, they are marked later: pg_blocking_pids tells who");
  }
  co_return completed;
}

awaitable<std::vector<core::RowId>> PostgresSource::park(std::span<const core::Parking> rows) {
  const auto opened = this->opened();
  assert(opened->parker);
  try {
    co_return co_await opened->parker->park(rows);
  } catch (const core::FailureError& error) {
    core::Failure failure = error.failure();
    if (!completing_.is_open()) failure.remedy = core::Remedy::rebuild;
    throw core::FailureError(std::move(failure));
  }
}

awaitable<std::vector<core::Released>> PostgresSource::find_released(std::span<const core::RowId> parked) {
  const auto opened = this->opened();
  assert(opened->parked);
  co_return co_await opened->parked->find_released(parked);
}

awaitable<void> PostgresSource::save_watermark(std::int64_t watermark) {
  const auto opened = this->opened();
  if (!opened->watermarks) co_return;
  try {
    co_await opened->watermarks->save(completing_, watermark);
  } catch (const core::FailureError& error) {
    // Whatever it is, it is not worth a stop while the connection holds.
    core::Failure failure = error.failure();
    if (completing_.is_open()) failure.remedy = core::Remedy::retry;
    throw core::FailureError(std::move(failure));
  }
}

}  // namespace outbox_relay::postgres
