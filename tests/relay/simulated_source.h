#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "simulation.h"

namespace outbox_relay::simulation {

/// The port, on the simulated database: each statement is executed at one moment and answered at a later one,
/// and the connection may be lost before, between and after.
class Simulation::Source : public relay::Source {
 public:
  Source(boost::asio::io_context& io, Simulation& world) : io_(io), world_(world) {}

  awaitable<std::optional<relay::Lead>> take_lead() override {
    close();
    co_await pass(1000, 30'000);
    if (world_.options_.with_faults && !is_calm && world_.dice_.chance(0.3)) throw core::FailureError(lost());
    if (world_.options_.with_faults && !is_calm && world_.dice_.chance(0.15)) {
      ++world_.excuses_;  // what this relay has in flight is the other one's business, and nobody does it
      co_return std::nullopt;
    }
    is_open_ = true;
    co_return relay::Lead{.lasts = std::chrono::seconds{4}};
  }
  awaitable<void> keep_lead() override {
    co_await statement([] { return true; });
  }
  awaitable<void> resign() override {
    co_await statement([] { return true; });
  }
  awaitable<core::SourceFacts> open() override {
    co_return co_await statement([&] {
      core::SourceFacts facts = world_.database_.open();
      facts.may_have_lost_completions = world_.options_.completes_asynchronously;
      if (facts.may_have_lost_completions) world_.expect_repeats();
      return facts;
    });
  }
  awaitable<std::vector<core::RowId>> park(std::span<const core::Parking> rows) override {
    if (!is_calm && world_.timeline_.now() < parks_again_at_) {
      co_await pass(1000, 50'000);
      throw core::FailureError(is_open_ ? conflict() : lost());
    }
    co_return co_await statement([&] { return world_.database_.park(rows); });
  }
  awaitable<std::vector<core::Released>> find_released(std::span<const core::RowId> parked) override {
    co_return co_await statement([&] { return world_.database_.find_released(parked); });
  }
  awaitable<core::Survey> survey(core::SurveyRequest request) override {
    co_return co_await statement([&] { return world_.database_.survey(request); });
  }
  awaitable<core::Fetched> fetch(core::FetchRequest request) override {
    is_notified_ = false;
    std::optional<core::Writers> writers;
    if (request.read_writers) writers = co_await statement([&] { return world_.database_.writers(); });
    core::Fetched fetched = co_await statement([&] { return world_.database_.fetch(request); });
    fetched.writers = std::move(writers);
    co_return fetched;
  }
  awaitable<core::LogPosition> read_flush_position(bool flush_first) override {
    co_return co_await statement([&] {
      if (flush_first && world_.dice_.chance(0.5)) world_.database_.flush();
      return world_.database_.flushed();
    });
  }
  awaitable<relay::Completed> complete(std::span<core::InFlight* const> rows) override {
    co_return co_await statement([&] {
      relay::Completed completed;
      for (core::InFlight* each : rows) {
        const core::Row& row = *each->row;
        if (each->stage != core::Stage::completing)
          world_.break_promise("completes a row that is not acknowledged");
        if (!world_.consumed_.contains(std::string(row.message_id)))
          world_.break_promise("completes before Kafka has it");
        if (!world_.options_.repeats_in_order && world_.options_.with_faults && !is_calm &&
            world_.dice_.chance(0.02)) {
          completed.locked.push_back(each);
          continue;
        }
        const bool done = each->page->places_hold && world_.database_.complete_at_place(row);
        completed.rows += done || world_.database_.complete_by_identity(row) ? 1 : 0;
      }
      world_.database_.commit_completions(world_.options_.completes_asynchronously);
      return completed;
    });
  }
  [[nodiscard]] bool is_listening() const override { return world_.options_.with_notifications; }
  awaitable<bool> next_notification() override {
    const auto session = session_;
    is_interrupted_ = false;
    while (is_open_ && session == session_ && !is_notified_ && !is_interrupted_) co_await news_->wait();
    if (!is_open_ || session != session_) throw core::FailureError(lost());
    co_return std::exchange(is_notified_, false);
  }
  void interrupt() noexcept override {
    is_interrupted_ = true;
    news_->open();
  }
  void notify() {
    is_notified_ = is_open_;
    news_->open();
  }
  awaitable<void> save_watermark(std::int64_t watermark) override {
    co_await statement([&] {
      world_.database_.save_watermark(watermark);
      return true;
    });
  }
  void close() noexcept override {
    is_open_ = false;
    is_notified_ = false;
    ++session_;
    news_->open();
    for (const auto& door : waiting_) door->open();
    waiting_.clear();
  }

  void lose_connection() { close(); }
  /// Somebody keeps a lock on the refused rows.
  void lock_refused(microseconds time) { parks_again_at_ = world_.timeline_.now() + time; }
  bool is_calm = false;

 private:
  static core::Failure lost() {
    return {core::Reason::connection, core::Remedy::rebuild, "the connection was lost", ""};
  }
  static core::Failure conflict() {
    return {core::Reason::conflict, core::Remedy::retry, "a lock was not to be had", ""};
  }

  awaitable<void> pass(std::int64_t low_us, std::int64_t high_us) {
    const auto door = make_door_opening_in(world_.dice_.delay(low_us, high_us), io_, world_.timeline_);
    waiting_.push_back(door);
    co_await door->wait();
    std::erase(waiting_, door);
  }

  template <typename Execute>
  awaitable<std::invoke_result_t<Execute>> statement(Execute execute) {
    if (!is_open_) throw core::FailureError(lost());
    const auto session = session_;
    co_await pass(50, 2000);
    if (session != session_) throw core::FailureError(lost());
    if (world_.options_.with_faults && !is_calm && world_.dice_.chance(0.01))
      throw core::FailureError(conflict());
    auto result = execute();
    co_await pass(50, 2000);
    if (session != session_) throw core::FailureError(lost());
    co_return result;
  }

  boost::asio::io_context& io_;
  Simulation& world_;
  bool is_open_ = false;
  std::uint64_t session_ = 0;
  std::shared_ptr<Door> news_ = std::make_shared<Door>(io_);
  bool is_notified_ = false;
  bool is_interrupted_ = false;
  TimePoint parks_again_at_;
  std::vector<std::shared_ptr<Door>> waiting_;
};

}  // namespace outbox_relay::simulation
