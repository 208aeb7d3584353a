#pragma once

#include <chrono>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/failure.h"
#include "core/routing.h"
#include "core/row.h"
#include "core/row_index.h"
#include "core/units.h"

namespace outbox_relay::core {

/// Where a row stands on its way. It only ever moves down this list, except back to `waiting` when its
/// producer was rebuilt, and one step back when the outcome of a statement is unknown.
enum class Stage : std::uint8_t {
  unsafe,        ///< read, but its transaction's log may not have reached the disk yet
  waiting,       ///< for its topic to be looked up, its partition's gate, or room in the producer
  published,     ///< handed to Kafka
  refused,       ///< Kafka will never take it, or it is behind such a row; to be parked
  parking,       ///< the statement is under way
  acknowledged,  ///< Kafka has it; to be completed
  completing,    ///< the statement is under way
  done,          ///< completed, parked, or dropped from the window
};

struct WindowPage;

/// A refused row on its way to the dead letter topic.
struct DeadLetter {
  Failure failure;    ///< why it was refused
  std::string topic;  ///< where it should have gone; empty when it had none
};

/// What a broker said of a row that travelled alone, when it was no reason: it may be the row, or the broker.
struct Unexplained {
  std::uint8_t refusals = 0;  ///< the first, and each before which the row's partition took another row
  std::chrono::steady_clock::time_point first{};
  std::chrono::steady_clock::time_point last{};
};

/// A row between its fetch and its completion. Stays at one address until it is done.
struct InFlight {
  const Row* row = nullptr;  ///< at another address, and its views as well, after `Window::make_room`
  WindowPage* page = nullptr;
  InFlight* next_in_index = nullptr;  ///< `RowIndex` alone knows it
  TopicId topic{};
  std::int32_t partition = 0;
  Stage stage = Stage::unsafe;
  bool is_suspect =
      false;  ///< goes alone, by the probe producer: its batch was refused, or it looks too large
  Unexplained unexplained;
  std::unique_ptr<DeadLetter> dead_letter;  ///< nothing: not refused so far
  std::chrono::steady_clock::time_point published_at{};
};

/// A page in the window; its memory is freed when its last row is done, or what is left of it was copied out
/// by `make_room`.
struct WindowPage {
  Page page;  ///< after `make_room` without the rows that were done
  std::vector<InFlight> rows;
  std::size_t unfinished = 0;
  LogPosition safe_at;  ///< the rows may be published once the log is flushed this far
  /// The page was read in the session that is open now, so its rows' places can be trusted.
  bool places_hold = true;
  bool is_indexed = false;
  bool is_copied = false;
  std::list<WindowPage>::iterator place;  ///< where the window keeps it
};

/// The rows that were fetched and are not completed yet, in the order they were fetched.
///
/// Neither their number nor their bytes exceed the limits, but for one row that is larger than the limit on
/// its own. A row enters by `admit`, moves by `advance` and leaves by `finish`. Lives on its pipeline's
/// thread.
class Window {
 public:
  struct Limits {
    std::size_t rows = 0;
    Bytes bytes;
  };

  explicit Window(Limits limits) : limits_(limits), index_(limits.rows) {}

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::size_t room_rows() const { return limits_.rows > rows_ ? limits_.rows - rows_ : 0; }
  [[nodiscard]] Bytes room_bytes() const { return limits_.bytes - bytes_; }
  [[nodiscard]] bool empty() const { return rows_ == 0; }

  /// Takes a page in. Nothing is returned for an empty one.
  WindowPage* admit(Page page, LogPosition safe_at);
  void advance(InFlight& row, Stage to);
  /// The row is done. The last one of a page frees it: `row` and its page must not be used afterwards.
  void finish(InFlight& row);
  /// Frees the memory of pages of which little is unfinished, until `needed` bytes are free: the rest is
  /// copied. A few rows that have to wait would otherwise pin the whole window. A page stays as it is while
  /// one of its rows is published (librdkafka reads its bytes where they are), in a statement that is under
  /// way, or unsafe. Returns whether there is any more room.
  bool make_room(Bytes needed);

  /// Whether this very message is in the window.
  [[nodiscard]] bool holds(const Row& row);
  /// The lowest id in the window, sequence ids only.
  [[nodiscard]] std::optional<std::int64_t> lowest_unfinished() const;
  [[nodiscard]] std::size_t count(Stage stage) const { return by_stage_[static_cast<std::size_t>(stage)]; }
  /// Calls `visit` with each unfinished row, oldest page first, in the order of ids within a page. `visit`
  /// may finish the row that it was given.
  template <typename Visit>
  void for_each(Visit visit);
  template <typename Visit>
  static void for_each_in(WindowPage& page, Visit visit);
  /// Places read so far can no longer be trusted (a session was lost).
  void distrust_places();

 private:
  using Pages = std::list<WindowPage>;

  void index_pages();
  [[nodiscard]] static std::optional<Bytes> size_of_rest(const WindowPage& page);
  void copy_out(WindowPage& page, Bytes rest);

  Limits limits_;
  Pages pages_;
  RowIndex index_;  ///< of the pages that were there when it was last asked
  RowId highest_;   ///< nothing above it was admitted since the window was empty
  std::size_t rows_ = 0;
  Bytes bytes_;
  std::size_t by_stage_[8] = {};
};

template <typename Visit>
void Window::for_each(Visit visit) {
  for (auto page = pages_.begin(); page != pages_.end();) {
    const auto next = std::next(page);  // `visit` may finish the page's last row, which frees the page
    for_each_in(*page, visit);
    page = next;
  }
}

template <typename Visit>
void Window::for_each_in(WindowPage& page, Visit visit) {
  auto remaining = page.unfinished;  // counted down here: after the last one the page may be gone
  for (std::size_t at = 0; remaining > 0; ++at) {
    InFlight& row = page.rows[at];
    if (row.stage == Stage::done) continue;
    --remaining;
    visit(row);
  }
}

}  // namespace outbox_relay::core
