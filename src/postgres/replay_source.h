#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/replay_table.h"
#include "postgres/session.h"
#include "postgres/settings.h"
#include "relay/ports.h"

namespace outbox_relay::postgres {

/// Sent rows that somebody wants to be published once more, as an outbox of their own: what is fetched are
/// the rows that a request names (`replay_table.h`), to complete them is to write how far it has come, and
/// the lead is the claim on the request. The outbox's own table is only read.
///
/// Rows go out a page after the other, no faster than the request says: the next page is fetched when all of
/// the one before are acknowledged. So a relay that takes over, after a crash say, repeats one page at the
/// most. A row that Kafka refuses is counted, and passed over.
///
/// Two sessions, as `PostgresSource`; threads and destructor as there.
class ReplaySource final : public relay::Source {
 public:
  struct Events {
    /// The request has come to its end, or is another relay's: the pipeline is to be stopped.
    std::function<void()> ended;
    std::function<void(std::string_view)> notice;  ///< a line for the log; may be empty
  };

  /// `columns` is `core::Routing::columns`. The clock outlives this.
  ReplaySource(const boost::asio::any_io_executor& executor, Settings settings,
               std::vector<std::string> columns, std::int64_t request, relay::Clock& clock, Events events);
  ~ReplaySource() override;

  awaitable<std::optional<relay::Lead>> take_lead() override;
  awaitable<void> keep_lead() override;
  awaitable<void> resign() override;
  awaitable<core::SourceFacts> open() override;
  awaitable<core::Survey> survey(core::SurveyRequest request) override;
  awaitable<core::Fetched> fetch(core::FetchRequest request) override;
  awaitable<core::LogPosition> read_flush_position(bool flush_first) override;
  awaitable<relay::Completed> complete(std::span<core::InFlight* const> rows) override;
  awaitable<std::vector<core::RowId>> park(std::span<const core::Parking> rows) override;
  awaitable<std::vector<core::Released>> find_released(std::span<const core::RowId> parked) override;
  [[nodiscard]] bool is_listening() const override { return false; }
  awaitable<bool> next_notification() override;
  void interrupt() noexcept override {}
  awaitable<void> save_watermark(std::int64_t watermark) override;
  void close() noexcept override;

 private:
  struct Opened;
  struct Request;

  [[nodiscard]] std::shared_ptr<Opened> opened() const;
  void end(ReplayState outcome);
  static Request read_request(const Result& claimed);
  awaitable<void> write_end(std::string error);
  /// Rows are out, or refused; what is left of the page decides how far the request has come.
  awaitable<void> settle(const std::set<core::RowId>& rows, std::size_t refused, std::string error);
  awaitable<void> advance(std::size_t replayed, std::size_t refused, std::string up_to, std::string error);
  /// Of the request, while it is open and `condition` holds. Its parameters: $1 the request, $2 `holder_`, $3
  /// the milliseconds of a claim.
  [[nodiscard]] Query update(const std::string& assignments, const std::string& condition) const;
  void begin_page(const core::Fetched& fetched, relay::Clock::TimePoint now);
  void look_again(core::Fetched& fetched, std::size_t asked_rows);

  Settings settings_;
  std::vector<std::string> columns_;
  std::int64_t id_;
  relay::Clock* clock_;
  Events events_;
  boost::asio::thread_pool helper_{1};
  Session fetching_;
  Session claiming_;
  std::string relation_;
  std::string holder_;  ///< this relay's name, drawn at the first claim
  std::unique_ptr<Request> request_;
  std::shared_ptr<Opened> opened_;  ///< shared with the operations under way, which may end after `close`
  /// How it has ended; `running`: another relay works on it, or somebody has ended it.
  std::optional<ReplayState> outcome_;

  std::optional<core::RowId> position_;  ///< up to here everything is out
  std::optional<core::RowId> page_end_;
  std::set<core::RowId> open_;  ///< rows of the page that are not
  relay::Clock::TimePoint next_page_at_;
  relay::Clock::TimePoint look_again_at_;
};

}  // namespace outbox_relay::postgres
