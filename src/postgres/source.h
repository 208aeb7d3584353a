#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/last_completion.h"
#include "postgres/leadership.h"
#include "postgres/server_identity.h"
#include "postgres/session.h"
#include "postgres/settings.h"
#include "postgres/table.h"
#include "relay/ports.h"

namespace outbox_relay::postgres {

/// The outbox in PostgreSQL: two sessions on one writable primary, one to fetch and one to complete. A relay
/// that stands by has the second only.
///
/// Lives on the thread of `executor`, but for one thread of its own in which libpq resolves names. The
/// destructor waits for that thread, so at most for the resolver. It must come before the end of the
/// executor's context, and only when no operation is under way.
class PostgresSource final : public relay::Source {
 public:
  /// What is seen of it beside results; both may be empty.
  struct Events {
    std::function<void(relay::Purpose)> connection_opened;
    std::function<void(std::string_view)> notice;  ///< a line for the log
  };

  /// `columns` is `core::Routing::columns`.
  PostgresSource(const boost::asio::any_io_executor& executor, Settings settings,
                 std::vector<std::string> columns, Events events = {});
  ~PostgresSource() override;

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
  [[nodiscard]] bool is_listening() const override;
  awaitable<bool> next_notification() override;
  void interrupt() noexcept override;
  awaitable<void> save_watermark(std::int64_t watermark) override;
  void close() noexcept override;

 private:
  struct Opened;
  struct Opening;

  awaitable<void> open_fetching(Opening& opening);
  awaitable<void> keep_lead_beside(Opening& opening);
  awaitable<ServerIdentity> connect(Session& session, relay::Purpose purpose);
  awaitable<void> read_facts(Opening& opening);
  awaitable<void> find_watermarks(Opened& opened);
  awaitable<void> listen();
  awaitable<void> flush_log();
  awaitable<std::size_t> complete_all(const Opened& opened, std::span<core::InFlight* const> rows);
  awaitable<relay::Completed> complete_unlocked(Opened& opened, std::span<core::InFlight* const> rows);
  [[nodiscard]] std::shared_ptr<Opened> opened() const;

  Settings settings_;
  std::vector<std::string> columns_;
  Events events_;
  boost::asio::thread_pool helper_{1};
  Session fetching_;
  Session completing_;
  std::unique_ptr<Leadership> leadership_;
  ServerIdentity server_;  ///< of the session that completes
  LastCompletion last_completion_;
  std::optional<relay::Lead> lead_;
  std::shared_ptr<Opened> opened_;  ///< shared with the operations under way, which may end after `close`
};

}  // namespace outbox_relay::postgres
