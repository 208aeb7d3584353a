// A sink under test: rows to publish, and what the sink said about them.
#pragma once

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kafka/kafka_sink.h"

namespace outbox_relay::kafka::testing {

/// A row that owns what core::Row only shows.
struct TestRow {
  std::string message_id = "m";
  std::optional<std::string> key{};
  std::optional<std::string> payload = "payload";
  std::optional<std::string> headers{};
  std::optional<core::DatabaseTime> created_at{};
  std::vector<std::optional<std::string>> attributes{};
  core::TopicId topic{};
  std::int32_t partition = 0;
  bool is_suspect = false;
  std::optional<core::DeadLetter> dead_letter{};
  core::RowId id{};
};

/// A sink on an event loop of its own, run by the test's thread, and the memory of all that it said.
class Harness {
 public:
  using Properties = std::vector<std::pair<std::string, std::string>>;

  /// A bound on failure, not an expectation of speed.
  static constexpr std::chrono::seconds limit{60};

  explicit Harness(const std::string& bootstrap, core::Routing routing = {}, Properties properties = {},
                   std::chrono::system_clock::time_point (*wall)() = &std::chrono::system_clock::now,
                   std::vector<std::string> secrets = {})
      : routing_(std::move(routing)) {
    properties.insert(properties.begin(), {"bootstrap.servers", bootstrap});
    sink_.emplace(
        context_.get_executor(), ProducerSettings{std::move(properties), "test", std::move(secrets)},
        routing_, [this](std::string_view line) { logged.emplace_back(line); },
        TimeAndChance{.wall = wall, .random = [] { return 0.5; }});
  }

  [[nodiscard]] KafkaSink& sink() { return *sink_; }

  relay::Publication publish(TestRow row) {
    Stored& stored = rows_.emplace_back(std::move(row));
    stored.point();
    const auto publication = sink_->publish(stored.in_flight);
    if (publication.accepted != relay::Accepted::yes) rows_.pop_back();
    return publication;
  }
  /// Hands over a row again of which the sink let go.
  relay::Publication publish_again(const std::string& message_id, bool as_suspect = false) {
    for (Stored& stored : rows_) {
      if (stored.owned.message_id == message_id) {
        stored.in_flight.is_suspect = as_suspect;
        const auto publication = sink_->publish(stored.in_flight);
        if (publication.accepted == relay::Accepted::yes) reported_.erase(&stored.in_flight);
        return publication;
      }
    }
    throw std::logic_error{"no such row"};
  }

  /// Looks the topic up and waits until it can be published to.
  void open_topic(const std::string& name, core::TopicId id = {}) {
    sink_->look_up(id, name);
    const bool opened =
        until([&] { return !topics.empty() && topics.back().topic == id && !topics.back().failure; });
    if (!opened) throw std::runtime_error{"topic " + name + " cannot be looked up"};
  }

  /// Takes events until `done`; false when that never was.
  template <typename Done>
  [[nodiscard]] bool until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      take_events();
    }
    return true;
  }
  /// Takes events until every row has its report.
  [[nodiscard]] bool until_reported() {
    return until([this] { return reported_.size() == rows_.size(); });
  }

  void rebuild(std::chrono::milliseconds patience = std::chrono::seconds{5}) {
    note(run(sink_->rebuild(patience)));
  }

  [[nodiscard]] std::size_t reports() const { return reported_.size(); }
  [[nodiscard]] std::size_t acknowledged() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(reported_, [](const auto& report) { return !report.second; }));
  }
  [[nodiscard]] bool has_report(const std::string& message_id) const {
    return std::ranges::any_of(
        reported_, [&](const auto& report) { return report.first->row->message_id == message_id; });
  }
  /// What became of a row: nothing when it was acknowledged. The row must have its report.
  [[nodiscard]] const std::optional<core::Failure>& fate(const std::string& message_id) const {
    for (const auto& [row, failure] : reported_) {
      if (row->row->message_id == message_id) return failure;
    }
    throw std::logic_error{"no report for " + message_id};
  }
  /// How many reports carry this failure.
  [[nodiscard]] std::size_t failed(core::Reason reason, core::Remedy remedy) const {
    return static_cast<std::size_t>(std::ranges::count_if(reported_, [&](const auto& report) {
      return report.second && report.second->reason == reason && report.second->remedy == remedy;
    }));
  }
  /// The rows that came back with this remedy, in no order.
  [[nodiscard]] std::vector<std::string> returned_ids(core::Remedy remedy) const {
    std::vector<std::string> ids;
    for (const auto& [row, failure] : reported_) {
      if (failure && failure->remedy == remedy) ids.emplace_back(row->row->message_id);
    }
    return ids;
  }
  [[nodiscard]] std::vector<std::string> acknowledged_ids() const {
    std::vector<std::string> ids;
    for (const auto& [row, failure] : reported_) {
      if (!failure) ids.emplace_back(row->row->message_id);
    }
    return ids;
  }

  /// How many lines of librdkafka, of those from `first` on, have this text in them.
  [[nodiscard]] std::size_t lines_with(std::string_view text, std::size_t first = 0) const {
    return static_cast<std::size_t>(
        std::count_if(logged.begin() + static_cast<std::ptrdiff_t>(first), logged.end(),
                      [&](const std::string& line) { return line.find(text) != std::string::npos; }));
  }

  template <typename T>
  T run(relay::awaitable<T> activity) {
    std::optional<T> result;
    std::exception_ptr error;
    context_.restart();
    boost::asio::co_spawn(context_, std::move(activity), [&](std::exception_ptr thrown, T value) {
      error = std::move(thrown);
      result = std::move(value);
    });
    context_.run();
    if (error) std::rethrow_exception(error);
    return std::move(*result);
  }

  std::vector<relay::TopicReport> topics;
  std::vector<core::Failure> ends;      ///< of producers
  std::vector<core::Failure> troubles;  ///< that began
  std::size_t recoveries = 0;
  std::vector<std::string> logged;  ///< librdkafka's lines

 private:
  struct Stored {
    TestRow owned;
    std::vector<core::Value> attributes{};
    core::Row row{};
    core::InFlight in_flight{};

    explicit Stored(TestRow given) : owned(std::move(given)) {}
    void point() {
      for (const auto& attribute : owned.attributes) attributes.push_back(view(attribute));
      row.message_id = owned.message_id;
      row.key = view(owned.key);
      row.payload = view(owned.payload);
      row.headers = view(owned.headers);
      row.created_at = owned.created_at;
      row.attributes = attributes;
      in_flight.row = &row;
      in_flight.topic = owned.topic;
      in_flight.partition = owned.partition;
      in_flight.is_suspect = owned.is_suspect;
      if (owned.dead_letter) in_flight.dead_letter = std::make_unique<core::DeadLetter>(*owned.dead_letter);
      row.id = owned.id;
    }
    static core::Value view(const std::optional<std::string>& text) {
      return text ? core::Value{*text} : core::Value{};
    }
  };

  void take_events() {
    // Without an event for a while the predicate is asked again: what it looks at may be elsewhere.
    boost::asio::steady_timer timer{context_, std::chrono::milliseconds{100}};
    timer.async_wait([this](const boost::system::error_code& error) {
      if (!error) sink_->interrupt();
    });
    auto take = [this, &timer]() -> relay::awaitable<relay::SinkEvents> {
      relay::SinkEvents events;
      co_await sink_->next_events(events);
      timer.cancel();
      co_return events;
    };
    relay::SinkEvents events = run(take());
    note(std::move(events.deliveries));
    topics.insert(topics.end(), events.topics.begin(), events.topics.end());
    if (events.broken) ends.push_back(*events.broken);
    if (events.trouble) troubles.push_back(*events.trouble);
    if (events.recovered) ++recoveries;
  }
  void note(std::vector<relay::DeliveryReport> reports) {
    for (auto& report : reports) {
      if (!reported_.emplace(report.row, std::move(report.failure)).second) {
        throw std::logic_error{"two reports for one row"};
      }
    }
  }

  boost::asio::io_context context_;
  core::Routing routing_;
  std::deque<Stored> rows_;
  std::map<const core::InFlight*, std::optional<core::Failure>> reported_;
  std::optional<KafkaSink> sink_;  ///< last: it lets go of the rows before they go
};

}  // namespace outbox_relay::kafka::testing
