#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/cursor.h"
#include "core/holds.h"
#include "core/lanes.h"
#include "core/parking.h"
#include "core/scan.h"
#include "core/suspects.h"
#include "core/window.h"

namespace outbox_relay::core {

/// What happens to a row that Kafka will never take.
enum class OnRefusal : std::uint8_t {
  park,         ///< it is set aside in the table
  dead_letter,  ///< it goes to another topic
  halt,         ///< nothing more is relayed
};

/// How one outbox is relayed; what the configuration decides.
struct PlanSettings {
  Window::Limits limits{.rows = 20'000, .bytes = {32 << 20}};
  std::size_t page_rows = 1000;
  std::chrono::milliseconds poll_interval{500};
  std::chrono::milliseconds poll_interval_min{5};
  std::chrono::milliseconds full_scan_interval{std::chrono::minutes{15}};
  bool wait_for_flush = true;     ///< publish_after: flushed
  bool completions_flush = true;  ///< the log; completion_commit: synchronous
  OnRefusal refused = OnRefusal::park;
  bool hold_keys = true;                           ///< parked_key: hold
  std::optional<std::string> dead_letter_topic{};  ///< with OnRefusal::dead_letter
  std::chrono::milliseconds topic_grace{std::chrono::minutes{5}};
};

/// All decisions of one pipeline, and no I/O: what happens is told to it (a page came, a row was
/// acknowledged, a connection was lost), and it says what to do next (fetch, publish, complete, look up,
/// rebuild). `relay::Pipeline` carries that out; ninja's `Plan` beside its `Builder` is the model.
///
///     source_opened ─▶ next_read ─▶ fetched ─▶ (flushed) ─▶ next_publication ─▶ delivered ─▶ next_completion
///     ─▶ completed                                                    refused ─▶ next_parking ─▶ parked
///
/// A row that leaves the window unpublished is pending in the table still, and the cursor makes sure that it
/// is read again. A row is completed only after it was acknowledged. Lives on its pipeline's thread.
class Plan {
 public:
  Plan(PlanSettings settings, const Routing& routing, PartitionOf partition_of, Random random);

  // Reading.

  /// Sessions are open: reading begins at the watermark. Where completions may have been lost, what was in
  /// flight is forgotten, as by a start of the relay, and reading waits until Kafka has answered for it.
  /// Returns how many rows are published once more by that, if they are pending.
  std::size_t source_opened(const SourceFacts& facts, TimePoint now);
  /// A session was lost. What is not published leaves the window; what was published stays, is acknowledged
  /// in its time and completed by identity, since its places prove nothing in another session.
  void source_lost();
  /// Another relay works on the outbox: what is in flight is its business now.
  void stand_by();

  struct Wait {
    std::optional<TimePoint> until;  ///< or until something else happens
  };
  struct SurveyFor {
    SurveyRequest request;
    bool is_sweep = false;
  };
  struct ReadFlushPosition {
    bool flush_first = false;  ///< nobody else seems to do it: have the log flushed, then read
  };
  /// Which of these rows are not parked any more?
  struct AskParked {
    std::vector<RowId> rows;
  };
  using Reading = std::variant<Wait, SurveyFor, FetchRequest, ReadFlushPosition, AskParked>;
  /// What to read now. A request stands until its answer, `read_failed` or `source_lost`.
  [[nodiscard]] Reading next_read(TimePoint now);
  void surveyed(const SurveyFor& survey_for, const Survey& survey);
  struct Arrived {
    PollCause cause = PollCause::timer;
    std::size_t rows = 0;
    std::size_t late_rows = 0;
    bool is_full = false;
  };
  Arrived fetched(const FetchRequest& request, Fetched fetched, TimePoint now);
  void flushed(LogPosition position, TimePoint now);
  /// The answer to `AskParked`. Returns how many rows were put back into the outbox.
  std::size_t released(const std::vector<Released>& rows, TimePoint now);
  void read_failed();
  /// There are rows to be read again: do not wait for the next poll.
  void wake(TimePoint now);
  /// Somebody says that rows were written. Returns whether that makes the next poll come earlier; however
  /// many say so, polls that find nothing are never less than `poll_interval_min` apart.
  bool notified(TimePoint now);
  /// Whether another page may be fetched, as far as the window goes.
  [[nodiscard]] bool has_room() const;
  /// Where the next start may begin to read; nothing when it is not known.
  [[nodiscard]] std::optional<std::int64_t> watermark() const;

  // Publishing.

  /// The next row to publish, until `published`, `not_taken` or `refused`; nothing when none may go now.
  [[nodiscard]] InFlight* next_publication(TimePoint now) const;
  void published(InFlight& row, TimePoint now);
  /// The sink has no room for it now. Returns whether another row may be tried.
  bool not_taken(InFlight& row, TimePoint now);
  /// The row cannot become a record.
  void refused(InFlight& row, const Failure& failure, TimePoint now);
  void delivered(InFlight& row, const std::optional<Failure>& failure, TimePoint now);

  /// Topics to be looked up now.
  [[nodiscard]] std::vector<TopicId> take_lookups(TimePoint now);
  /// When `take_lookups` or `next_publication` will have something to say by the passing of time alone.
  [[nodiscard]] std::optional<TimePoint> next_appointment(TimePoint now) const;
  [[nodiscard]] const std::string& topic_name(TopicId topic) const { return topics_.name(topic); }
  void topic_opened(TopicId topic, std::int32_t partitions, std::optional<Bytes> largest_record,
                    TimePoint now);
  void topic_closed(TopicId topic, Failure failure, TimePoint now);

  /// The producer has to be replaced before anything else is published.
  [[nodiscard]] bool needs_new_producer() const { return producer_broken_; }
  void producer_broken() { producer_broken_ = true; }
  /// All reports of the old producer have been `delivered`. Returns how many rows are published once more.
  std::size_t producer_replaced(TimePoint now);

  // Parking.

  /// Refused rows, and those behind them, to be parked by one transaction; empty when there are none. They
  /// stay until `parked` or `parking_failed`.
  [[nodiscard]] std::span<const Parking> next_parking();
  [[nodiscard]] bool has_parkings() const { return !parkings_.empty(); }
  /// These of them are parked; the others are not as they were, and are read again.
  void parked(const std::vector<RowId>& rows, TimePoint now);
  void parking_failed();

  // Completing.

  /// Acknowledged rows to be completed by one statement; empty when there are none. They stay until
  /// `completed` or `completion_failed`.
  [[nodiscard]] std::span<InFlight* const> next_completion(TimePoint now);
  /// But for those that somebody has locked: they are completed later, when others have had their turn.
  void completed(std::span<InFlight* const> locked, TimePoint now);
  /// The rows' fate is unknown; they are completed again.
  void completion_failed();

  // Ending.

  /// Fetch and publish no more; acknowledged rows are still completed.
  void drain();
  [[nodiscard]] bool is_drained() const { return draining_ && window_.empty(); }
  /// Why this outbox was halted: a row was refused.
  [[nodiscard]] const Failure* halted() const { return halted_ ? &*halted_ : nullptr; }

  [[nodiscard]] bool halts_on_refusal() const { return settings_.refused == OnRefusal::halt; }
  /// Whether only a person can get held rows going again.
  [[nodiscard]] bool needs_operator() const { return lanes_.needs_operator(); }

  // To be seen.

  [[nodiscard]] const Window& window() const { return window_; }
  [[nodiscard]] const Lanes& lanes() const { return lanes_; }
  /// Whether the last fetch found rows, or any are in flight.
  [[nodiscard]] bool is_busy() const { return !window_.empty() || found_rows_; }

 private:
  /// Of a row whose topic's name cannot be made, or is refused.
  static constexpr TopicId no_topic{std::numeric_limits<std::uint32_t>::max()};

  [[nodiscard]] bool is_stopped() const { return draining_ || halted_.has_value(); }
  [[nodiscard]] std::optional<AskParked> ask_for_parked(TimePoint now);
  [[nodiscard]] Reading next_page(TimePoint now);
  void forget_acknowledged();
  std::size_t forget_in_flight();
  [[nodiscard]] Bytes needed_room() const;
  [[nodiscard]] Window::Limits quarter_of_window() const;
  [[nodiscard]] std::optional<SurveyFor> next_survey(TimePoint now);
  [[nodiscard]] std::int64_t finished_below() const;
  [[nodiscard]] FetchRequest next_fetch();
  [[nodiscard]] bool is_known(const Row& row);
  /// The ordering key of a row that is not in the window; nothing where it has no topic.
  [[nodiscard]] std::optional<OrderingKey> key_of(const Row& row);
  [[nodiscard]] std::size_t count_late(const Page& page, const std::vector<RowId>& late);
  [[nodiscard]] bool reads_in_vain() const;
  void pace(const Arrived& arrived, TimePoint now);
  void release_safe_pages(TimePoint now);
  void enqueue(InFlight& row, TimePoint now);
  void enqueue(const std::vector<InFlight*>& rows, TimePoint now);
  [[nodiscard]] std::size_t count_ahead(const OrderingKey& key);
  void leave_to_be_read_again(InFlight& row);
  void hold_for_topic(InFlight& row, const Failure& failure);
  void read_topic_again(TopicId topic, RowId lowest, TimePoint now);
  void read_left_again(TopicId topic, TimePoint now);
  void read_left_rows_again(TimePoint now);
  void delivered_suspect(InFlight& row, const Failure& failure, TimePoint now);
  [[nodiscard]] bool is_guilty_by_now(InFlight& row, TimePoint now);
  void postpone(InFlight& row, TimePoint now);
  void refuse(InFlight& row, const Failure& failure, TimePoint now);
  void send_dead_letter(InFlight& row, const Failure& failure, TimePoint now);
  void set_aside(InFlight& row, Parking parking, TimePoint now);
  bool release_met(const Page& page, TimePoint now);
  void release(const RowId& parked, TimePoint now);
  void read_again_from(const RowId& id, TimePoint now);
  void read_again(InFlight& row, TimePoint now);
  void read_all_again(TimePoint now);
  [[nodiscard]] bool may_be_fetched_again(const RowId& id) const;
  void leave(InFlight& row);
  void halt(const Failure& failure);
  void drop_unsafe(const std::function<bool(const InFlight&)>& is_concerned);
  void drop_unpublished();
  void drop_refused();

  PlanSettings settings_;
  TopicNames topics_;
  Window window_;
  Lanes lanes_;
  Suspects suspects_;
  Holds holds_;
  std::optional<TopicId> dead_letter_topic_;
  Cursor cursor_;
  Scan scan_;
  bool has_sequence_ = false;
  bool source_is_open_ = false;

  std::int64_t lowest_dropped_ = std::numeric_limits<std::int64_t>::max();
  std::optional<FetchRequest> fetch_out_;
  /// Ids completed or parked since the latest fetch was sent, which may repeat them: its older snapshot still
  /// shows them pending.
  std::set<RowId> left_meanwhile_;
  /// One of them was read in an earlier session: after a crash of the server its id may be another row's, and
  /// the fetch may have returned either.
  bool fetch_is_ambiguous_ = false;
  std::optional<Bytes> needed_bytes_;  ///< the size of the next row, when it did not fit
  bool found_rows_ = false;
  std::chrono::milliseconds poll_delay_{0};
  TimePoint poll_at_;
  PollCause poll_cause_ = PollCause::timer;   ///< of the next poll
  PollCause fetch_cause_ = PollCause::timer;  ///< of the latest one
  TimePoint idle_poll_at_;                    ///< not before, for a notification alone
  TimePoint sweep_at_;

  std::deque<WindowPage*> unsafe_pages_;
  LogPosition flushed_;
  std::chrono::milliseconds flush_delay_{0};
  TimePoint flush_at_;

  bool producer_broken_ = false;
  std::size_t returned_rows_ = 0;  ///< handed to the broken producer and come back

  std::deque<Parking> parkings_;
  std::vector<Parking> parking_;
  TimePoint ask_parked_at_;
  bool is_standing_by_ = false;

  /// Rows that an earlier session published are out, and forgotten when their reports come.
  bool is_settling_ = false;

  std::deque<InFlight*> acknowledged_;
  std::vector<InFlight*> completing_;
  std::vector<InFlight*> locked_;  ///< acknowledged, too, but not to be completed before
  TimePoint locked_until_;

  bool draining_ = false;
  std::optional<Failure> halted_;
};

}  // namespace outbox_relay::core
