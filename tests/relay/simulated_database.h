#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "virtual_time.h"

namespace outbox_relay::simulation {

/// One message as the simulation's writers know it: a key's version number.
struct Message {
  int key = 0;  ///< negative: no key
  int version = 0;
  std::string id;  ///< the message id, unique for ever
  int topic = 0;
  std::size_t size = 0;
};

/// A table, its writers, its log and its crashes: all that PostgreSQL promises an outbox, and nothing more.
///
/// Writers lock their key before they draw an id, as an outbox requires, hold the table's write lock from
/// before their first id until their commit is visible, and end in any order.
class SimulatedDatabase {
 public:
  struct Stored {
    Message message;
    bool is_sent = false;
    bool is_parked = false;
    std::optional<core::RowId> behind;  ///< parked only because that row is
    std::uint64_t place = 0;            ///< a ctid: another one for each version of the row
    std::uint64_t commit_at = 0;        ///< log position of its commit
    std::uint64_t sent_at = 0;          ///< of the commit that completed it

    [[nodiscard]] bool is_pending() const { return !is_sent && !is_parked; }
  };

  /// `always_flushes`: no writer commits asynchronously.
  SimulatedDatabase(Timeline& timeline, Dice& dice, bool uses_sequence, bool always_flushes);

  // The writers.
  void begin_and_insert();
  void end_a_writer();
  void end_all_writers();
  void flush();
  /// The server stops at once and starts again: open transactions are gone, and so is what was not flushed:
  /// the end of the log, whoever wrote it.
  void crash();
  /// VACUUM: the place of a sent row may be taken by another.
  void shuffle_places();

  // What the relay's statements do, at the moment they are executed.
  [[nodiscard]] core::SourceFacts open();
  [[nodiscard]] core::Survey survey(const core::SurveyRequest& request) const;
  [[nodiscard]] core::Fetched fetch(const core::FetchRequest& request) const;
  [[nodiscard]] core::Writers writers() const;
  [[nodiscard]] core::LogPosition flushed() const { return {flushed_}; }
  /// The plain statement: by place and id. Returns whether the row was there and pending.
  bool complete_at_place(const core::Row& row);
  /// The careful statement: by id and content.
  bool complete_by_identity(const core::Row& row);
  /// The end of the transaction that these were in.
  void commit_completions(bool is_asynchronous);
  /// Returns the ids of those that were as they should be.
  std::vector<core::RowId> park(std::span<const core::Parking> rows);
  [[nodiscard]] std::vector<core::Released> find_released(std::span<const core::RowId> parked) const;
  void save_watermark(std::int64_t watermark);

  // What an operator does.
  [[nodiscard]] std::vector<core::RowId> refused() const;
  /// Puts a parked row, and those behind it, back into the outbox, or gives it up.
  void requeue(const core::RowId& id) { release(id, false); }
  void discard(const core::RowId& id) { release(id, true); }

  [[nodiscard]] const std::map<core::RowId, Stored>& rows() const { return rows_; }
  /// How many messages were written so far; their ids are "m1", "m2", …
  [[nodiscard]] std::uint64_t messages() const { return next_message_ - 1; }
  [[nodiscard]] std::size_t pending() const;
  /// Whether the message was committed at some time, and not lost by a crash.
  [[nodiscard]] bool has_committed(const std::string& message_id) const {
    return committed_.contains(message_id);
  }
  /// How many completions were taken back by crashes.
  [[nodiscard]] std::size_t undone_completions() const { return undone_completions_; }
  /// Whether its commit can no longer be lost.
  [[nodiscard]] bool is_durable(const std::string& message_id) const;

 private:
  struct Writer {
    std::string transaction;
    std::vector<std::pair<core::RowId, Message>> inserted;
    bool is_asynchronous = false;
  };
  struct Watermark {
    std::uint64_t saved_at = 0;  ///< log position
    std::optional<std::int64_t> value;
  };

  core::RowId draw_id();
  bool complete(Stored& stored);
  void release(const core::RowId& id, bool is_given_up);
  void commit(Writer writer);

  Timeline& timeline_;
  Dice& dice_;
  std::vector<Watermark> watermarks_{Watermark{}};  ///< the last one that is flushed, and those after it
  std::optional<std::int64_t> requeued_from_;
  bool uses_sequence_;
  bool always_flushes_;
  std::int64_t last_drawn_ = 0;
  std::int64_t flushed_drawn_ = 0;  ///< not drawn again after a crash
  std::map<core::RowId, Stored> rows_;
  std::vector<Writer> writers_;
  std::map<int, int> next_version_;  ///< of a key, committed
  std::set<int> locked_keys_;
  std::map<std::string, std::uint64_t> committed_;  ///< message id to commit position
  std::uint64_t written_ = 1;
  std::uint64_t flushed_ = 1;
  std::size_t undone_completions_ = 0;
  std::uint64_t next_place_ = 1;
  std::uint64_t next_transaction_ = 1;
  std::uint64_t next_message_ = 1;
};

}  // namespace outbox_relay::simulation
