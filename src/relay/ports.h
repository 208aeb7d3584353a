#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/failure.h"
#include "core/finding.h"
#include "core/parking.h"
#include "core/row.h"
#include "core/window.h"

// What the pipeline needs of the world. Abstract, so that the same pipeline runs against PostgreSQL and Kafka
// in production and against a seeded simulation in the tests.
//
// All of it lives on the pipeline's thread: implementations are called there, and resume their callers there.
namespace outbox_relay::relay {

using boost::asio::awaitable;

/// That this relay, and no other, works on the outbox.
struct Lead {
  /// For so long after a call that succeeded was *begun* no other relay can have taken over, whatever
  /// happened to this process. Nothing is published on an older proof. Nothing: for ever, nobody watches
  /// (`coordination: none`).
  std::optional<std::chrono::milliseconds> lasts;
};

/// What became of rows that were to be completed.
struct Completed {
  std::size_t rows = 0;                 ///< completed by this call
  std::vector<core::InFlight*> locked;  ///< pending still: somebody else has locked them
};

/// The outbox table. At most one of `open`, `survey`, `fetch`, `find_released`, `read_flush_position` and
/// `next_notification` is under way at any time, and beside it at most one of `complete`, `park`,
/// `save_watermark` and `keep_lead`: they use two connections.
///
/// Every operation but `next_notification` ends within the configured deadlines; all throw
/// `core::FailureError`. After a failure whose remedy is `retry` the same call may be repeated, and so may
/// `park` after `operate`; after any other, `close`, `take_lead` and `open` come first.
class Source {
 public:
  virtual ~Source() = default;

  /// Asks to be the one relay that works on the outbox; nothing while another one is. To be called again and
  /// again by a standby, which costs it one small statement; connects where that is needed.
  virtual awaitable<std::optional<Lead>> take_lead() = 0;
  /// Shows that this relay is alive, where nothing else was asked of the completing session for a while, and
  /// so proves that it still leads. Throws with remedy `rebuild` when it does not.
  virtual awaitable<void> keep_lead() = 0;
  /// Gives the lead up, so that a standby need not wait; the orderly end of a pipeline. `close` comes next.
  virtual awaitable<void> resign() = 0;
  /// Connects the fetching session to the same writable primary as the one that leads, checks the table and
  /// prepares the statements. Only after `take_lead` has given the lead.
  virtual awaitable<core::SourceFacts> open() = 0;
  /// Which ids are missing in a stretch of the table, committed rows of any state counted as present.
  virtual awaitable<core::Survey> survey(core::SurveyRequest request) = 0;
  /// The pending rows that `request` asks for.
  virtual awaitable<core::Fetched> fetch(core::FetchRequest request) = 0;
  /// How far the log has been flushed. With `flush_first` the source sees to it that it is flushed now, where
  /// it can; where it cannot, the answer is the same as without.
  virtual awaitable<core::LogPosition> read_flush_position(bool flush_first) = 0;
  /// Completes the rows, in one statement where their places hold; the others are read again by id, compared,
  /// and completed by their new place. A row that is gone, complete already, or another message is left alone
  /// and counts as done. The rows must stay in the window until this returns.
  virtual awaitable<Completed> complete(std::span<core::InFlight* const> rows) = 0;
  /// Sets rows aside that Kafka refuses, and those that have to wait behind them; all in one transaction. A
  /// row that is not pending any more, or whose `behind` is not parked any more (it was requeued meanwhile),
  /// is left alone. Returns the ids of those that were parked, in no order.
  virtual awaitable<std::vector<core::RowId>> park(std::span<const core::Parking> rows) = 0;
  /// Which of these parked rows are not parked any more.
  virtual awaitable<std::vector<core::Released>> find_released(std::span<const core::RowId> parked) = 0;
  /// Whether those who write rows can say so, from `open` on: `next_notification` may be waited for.
  [[nodiscard]] virtual bool is_listening() const = 0;
  /// Waits until somebody says that rows were written which no fetch begun so far has seen; false after
  /// `interrupt`. A hint: a notification may be late, lost or needless. Many may come as one. While nothing
  /// else is under way it is to be waited for, even if what it says does not matter: the server keeps for all
  /// listeners what one of them does not take.
  virtual awaitable<bool> next_notification() = 0;
  /// Makes a pending `next_notification` return.
  virtual void interrupt() noexcept = 0;
  /// Saves where the next start may begin to look. Does nothing without a control schema.
  virtual awaitable<void> save_watermark(std::int64_t watermark) = 0;
  /// Drops both connections at once, without waiting for the server; what is under way fails with remedy
  /// `rebuild`.
  virtual void close() noexcept = 0;
};

/// What became of a published row.
struct DeliveryReport {
  core::InFlight* row = nullptr;
  std::optional<core::Failure> failure;  ///< nothing: acknowledged
};

/// What became of a topic that was looked up, or is in use.
struct TopicReport {
  core::TopicId topic{};
  std::int32_t partitions = 0;                ///< when it can be published to
  std::optional<core::Failure> failure;       ///< why it can not
  std::optional<core::Bytes> largest_record;  ///< its max.message.bytes, when the brokers tell
};

/// What happened since the last call, in no order but this: deliveries before topics before the producer's
/// end.
struct SinkEvents {
  std::vector<DeliveryReport> deliveries;
  std::vector<TopicReport> topics;
  std::optional<core::Failure> broken;  ///< the producer came to its end: call `rebuild`
  std::optional<core::Failure>
      trouble;             ///< brokers cannot be reached, …: librdkafka goes on trying by itself
  bool recovered = false;  ///< the trouble reported before is over

  /// Empty again, with the room that deliveries took.
  void clear() {
    deliveries.clear();
    topics.clear();
    broken.reset();
    trouble.reset();
    recovered = false;
  }
};

enum class Accepted : std::uint8_t {
  yes,
  full,     ///< librdkafka's queue is full: publish this row again after the next events
  refused,  ///< this row cannot become a record; see the failure
};

struct Publication {
  Accepted accepted = Accepted::yes;
  core::Failure failure;  ///< when refused
};

/// Kafka. One producer; made by the constructor, replaced by `rebuild`. Beside it, when a row is under
/// suspicion, a *probe producer* for single records, which the sink makes and replaces as it needs.
class Sink {
 public:
  virtual ~Sink() = default;

  /// Hands one row over. Never blocks. The row, its page and its bytes must stay in place until its delivery
  /// report. A suspect (`InFlight::is_suspect`) goes alone, through the probe producer; at most one is out at
  /// any time, and what its report says is about this row alone: `park`, never `isolate`. A dead letter
  /// (`InFlight::dead_letter`) goes to the row's present topic, with the headers that tell where it came
  /// from.
  virtual Publication publish(core::InFlight& row) = 0;
  /// Asks for a topic's partitions; the answer comes as a `TopicReport`. Asks again by itself once a minute
  /// while the topic is in use, and reports changes only.
  virtual void look_up(core::TopicId topic, const std::string& name) = 0;
  /// Where a key belongs among `partitions`. A row without a key gets the same partition as its neighbours of
  /// one page.
  [[nodiscard]] virtual std::int32_t partition_of(const core::Value& key, std::int32_t partitions) = 0;
  /// Waits until there is something to report, and puts all of it in the place of what `events` held; nothing
  /// after `interrupt`. Give it the same object again: reports come by the thousand, and find room in it.
  virtual awaitable<void> next_events(SinkEvents& events) = 0;
  /// Makes a pending `next_events` return.
  virtual void interrupt() = 0;
  /// The orderly end of a producer and a new one in its place: takes the reports that still come (at most
  /// `patience`), purges the rest, takes those reports too. Every row handed over has its report afterwards,
  /// either from an earlier `next_events` or in the returned list. A suspect that is out is not touched.
  /// Throws `core::FailureError` when that cannot be done now; it goes on where it was when it is called
  /// again, and until then rows without a report must stay in place.
  virtual awaitable<std::vector<DeliveryReport>> rebuild(std::chrono::milliseconds patience) = 0;
};

/// Waits for a moment or for a call, whichever comes first. A call that comes while nobody waits is
/// remembered. At most one coroutine waits at a time.
class Alarm {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  virtual ~Alarm() = default;

  virtual awaitable<void> wait_until(TimePoint moment) = 0;
  virtual void ring() = 0;
};

/// Time and chance.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  virtual ~Clock() = default;

  [[nodiscard]] virtual TimePoint now() const = 0;
  /// Uniform in [0, 1).
  virtual double random() = 0;
  [[nodiscard]] virtual std::unique_ptr<Alarm> make_alarm() = 0;
};

/// What a pipeline is doing, as people see it (CONTRACT.md section 5).
enum class State : std::uint8_t {
  starting,
  standby,
  relaying,
  idle,
  backing_off,
  waiting_for_operator,
  halted,
  draining,
};

/// A failure's stage, as a metric family of its own. The last one is not the pipeline's: deleting sent rows
/// that were kept for long enough.
enum class Activity : std::uint8_t { fetch, publish, complete, expire };

/// The queries whose durations are observed.
enum class Query : std::uint8_t {
  fetch,
  survey,
  flush_position,
  find_released,
  complete,
  park,
  save_watermark,
  lead,
  sample,
  expire,
};

/// What a connection to PostgreSQL is for.
enum class Purpose : std::uint8_t { fetch, complete, control };

/// What is seen of a pipeline from outside: metrics, health and log lines. Called once a page or a batch,
/// never once a row; implementations must not block.
class Probe {
 public:
  virtual ~Probe() = default;

  virtual void state_changed(State state) = 0;
  virtual void fetched(core::PollCause cause, std::size_t rows, std::size_t late_rows) = 0;
  /// Rows acknowledged together: how many, their payload and key bytes, how long each took from publish to
  /// ack and from creation (by the database's clock) to ack.
  virtual void acknowledged(std::size_t records, core::Bytes bytes, std::span<const double> publish_seconds,
                            std::span<const double> end_to_end_seconds) = 0;
  virtual void completed(std::size_t rows) = 0;
  /// Rows that Kafka refused and that were set aside, or sent to the dead letter topic.
  virtual void parked(const core::RowId& row, const core::Failure& failure) = 0;
  virtual void dead_lettered(const core::RowId& row, const core::Failure& failure) = 0;
  /// Rows set aside because they are behind a parked row of their key.
  virtual void held(std::size_t rows) = 0;
  /// Parked rows that somebody has put back into the outbox.
  virtual void requeued(std::size_t rows) = 0;
  /// Whether this relay is the one that works on the outbox.
  virtual void leading(bool leads) = 0;
  virtual void queried(Query query, std::chrono::steady_clock::duration duration) = 0;
  /// Rows that are published once more because their first fate is unknown.
  virtual void redelivering(std::size_t records) = 0;
  /// Something failed. Counted each time; logged once a change of state, then at most once an interval with a
  /// count.
  virtual void failed(Activity activity, const core::Failure& failure) = 0;
  /// The activity works again.
  virtual void recovered(Activity activity) = 0;
  virtual void connection_opened(Purpose purpose) = 0;
  virtual void producer_created() = 0;
  virtual void in_flight(std::size_t rows, core::Bytes bytes) = 0;
  /// Rows of this topic cannot go out and wait in the table; called once when that begins, and once when it
  /// is over.
  virtual void topic_held(const std::string& topic, const core::Failure& failure) = 0;
  virtual void topic_released(const std::string& topic) = 0;
  virtual void held_topics(std::size_t topics) = 0;
};

}  // namespace outbox_relay::relay
