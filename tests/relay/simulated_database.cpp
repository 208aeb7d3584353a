#include "simulated_database.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <ranges>

namespace outbox_relay::simulation {

namespace {

constexpr int keys = 6;
constexpr std::uint64_t sequence_log_ahead = 32;  // PostgreSQL logs a sequence 32 values ahead

// Topics are named by one attribute, and `topic_count` of them exist.
constexpr int topic_count = 3;

/// What the rows of a page point into.
class Memory {
 public:
  explicit Memory(std::size_t rows) {
    texts_.reserve(rows * 4);
    attributes_.reserve(rows);
  }

  core::Row keep(const core::RowId& id, const SimulatedDatabase::Stored& stored) {
    core::Row row;
    row.id = id;
    row.place.block = static_cast<std::uint32_t>(stored.place);
    row.message_id = keep(stored.message.id);
    if (stored.message.key >= 0) row.key = keep("key-" + std::to_string(stored.message.key));
    row.payload = keep(std::to_string(stored.message.version));
    row.attributes = {&attributes_.emplace_back(keep(std::to_string(stored.message.topic))), 1};
    return row;
  }

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  std::vector<std::string> texts_;
  std::vector<core::Value> attributes_;
};

}  // namespace

SimulatedDatabase::SimulatedDatabase(Timeline& timeline, Dice& dice, bool uses_sequence, bool always_flushes)
    : timeline_(timeline), dice_(dice), uses_sequence_(uses_sequence), always_flushes_(always_flushes) {}

core::RowId SimulatedDatabase::draw_id() {
  ++last_drawn_;
  if (uses_sequence_) return core::RowId{last_drawn_};
  std::string text = std::to_string(last_drawn_);
  return core::RowId{std::string(12 - text.size(), '0') + text};
}

void SimulatedDatabase::begin_and_insert() {
  Writer writer{.transaction = "3/" + std::to_string(next_transaction_++),
                .inserted = {},
                .is_asynchronous = !always_flushes_ && dice_.chance(0.2)};
  // A writer that inserts nothing holds the lock all the same; a large one fills more than a page.
  const auto rows = dice_.chance(0.1) ? dice_.between(8, 25) : dice_.between(0, 4);
  for (std::int64_t row = 0; row < rows; ++row) {
    int key = dice_.between(-1, keys - 1);
    if (key >= 0 && locked_keys_.contains(key)) {
      const bool is_ours =
          std::ranges::any_of(writer.inserted, [key](const auto& each) { return each.second.key == key; });
      if (!is_ours) key = -1;
    }
    int version = 0;
    if (key >= 0) {
      locked_keys_.insert(key);
      const auto ours =
          std::ranges::count_if(writer.inserted, [key](const auto& each) { return each.second.key == key; });
      version = next_version_[key] + static_cast<int>(ours);
    }
    const bool is_large = dice_.chance(0.02);
    Message message{
        .key = key,
        .version = version,
        .id = "m" + std::to_string(next_message_++),
        .topic = key >= 0 ? key % topic_count : static_cast<int>(dice_.below(topic_count)),
        .size = static_cast<std::size_t>(is_large ? dice_.between(2000, 9000) : dice_.between(10, 200))};
    writer.inserted.emplace_back(draw_id(), std::move(message));
  }
  if (dice_.chance(0.1)) draw_id();  // a savepoint rolled back, or a failed insert: the id never comes
  writers_.push_back(std::move(writer));
}

void SimulatedDatabase::end_a_writer() {
  if (writers_.empty()) return;
  const auto chosen = writers_.begin() + static_cast<std::ptrdiff_t>(dice_.below(writers_.size()));
  if (dice_.chance(0.05) && !core::Writers::is_prepared(chosen->transaction)) {
    chosen->transaction = "-1/" + std::to_string(next_transaction_++);  // PREPARE TRANSACTION
    return;
  }
  Writer writer = std::move(*chosen);
  writers_.erase(chosen);
  for (const auto& [id, message] : writer.inserted) locked_keys_.erase(message.key);
  if (dice_.chance(0.15)) return;  // rolled back
  commit(std::move(writer));
}

void SimulatedDatabase::commit(Writer writer) {
  ++written_;
  if (!writer.is_asynchronous) flush();
  for (auto& [id, message] : writer.inserted) {
    if (message.key >= 0) next_version_[message.key] = message.version + 1;
    committed_[message.id] = written_;
    Stored stored;
    stored.message = std::move(message);
    stored.place = next_place_++;
    stored.commit_at = written_;
    rows_[id] = std::move(stored);
  }
}

void SimulatedDatabase::end_all_writers() {
  while (!writers_.empty()) end_a_writer();
}

void SimulatedDatabase::flush() {
  flushed_ = written_;
  flushed_drawn_ = last_drawn_;
  watermarks_ = {watermarks_.back()};
}

void SimulatedDatabase::crash() {
  writers_.clear();
  locked_keys_.clear();
  for (auto row = rows_.begin(); row != rows_.end();) {
    auto& stored = row->second;
    if (stored.commit_at <= flushed_) {
      ++row;
      continue;
    }
    if (stored.message.key >= 0) {
      auto& next = next_version_[stored.message.key];
      next = std::min(next, stored.message.version);
    }
    committed_.erase(stored.message.id);
    row = rows_.erase(row);
  }
  for (auto& [id, stored] : rows_) {
    if (!stored.is_sent || stored.sent_at <= flushed_) continue;
    stored.is_sent = false;
    ++undone_completions_;
  }
  while (watermarks_.back().saved_at > flushed_) watermarks_.pop_back();
  // What was not flushed is drawn, and placed, again.
  std::int64_t highest = 0;
  for (const auto& [id, stored] : rows_) {
    std::int64_t number = id.number();
    if (!uses_sequence_) std::from_chars(id.text().data(), id.text().data() + id.text().size(), number);
    highest = std::max(highest, number);
  }
  const auto jump = static_cast<std::int64_t>(dice_.chance(0.5) ? 0 : dice_.below(sequence_log_ahead));
  last_drawn_ = std::max({highest, flushed_drawn_, std::min(last_drawn_, highest + jump)});
  written_ = flushed_;
  std::uint64_t highest_place = 0;
  for (const auto& [id, stored] : rows_) highest_place = std::max(highest_place, stored.place);
  next_place_ = highest_place + 1;
}

void SimulatedDatabase::shuffle_places() {
  std::vector<Stored*> rows;
  for (auto& [id, stored] : rows_) rows.push_back(&stored);
  if (rows.size() < 2) return;
  std::swap(rows[dice_.below(rows.size())]->place, rows[dice_.below(rows.size())]->place);
}

core::SourceFacts SimulatedDatabase::open() {
  core::SourceFacts facts;
  facts.ids_from_sequence = uses_sequence_;
  facts.last_drawn = last_drawn_;
  const auto memory = std::make_shared<Memory>(rows_.size());
  facts.parked.memory = memory;
  for (const auto& [id, stored] : rows_) {
    if (stored.is_parked && !stored.behind) facts.parked.rows.push_back(memory->keep(id, stored));
  }
  if (!uses_sequence_) return facts;
  facts.before_first = rows_.empty() ? last_drawn_ : rows_.begin()->first.number() - 1;
  facts.watermark = watermarks_.back().value;
  if (facts.watermark && *facts.watermark > last_drawn_) facts.watermark.reset();
  if (facts.watermark && requeued_from_) facts.watermark = std::min(*facts.watermark, *requeued_from_ - 1);
  requeued_from_.reset();
  watermarks_.push_back({++written_, facts.watermark});
  flush();
  return facts;
}

// Without waiting for the log.
void SimulatedDatabase::save_watermark(std::int64_t watermark) {
  watermarks_.push_back({++written_, watermark});
}

std::vector<core::RowId> SimulatedDatabase::park(std::span<const core::Parking> rows) {
  std::vector<core::RowId> parked;
  const auto is_refused = [](const core::Parking& parking) { return !parking.behind; };
  const auto park_one = [&](const core::Parking& parking) {
    const core::Row& row = *parking.row->row;
    const auto found = rows_.find(row.id);
    if (found == rows_.end() || !found->second.is_pending() || found->second.place != row.place.block) return;
    if (parking.behind) {
      const auto predecessor = rows_.find(*parking.behind);
      if (predecessor == rows_.end() || !predecessor->second.is_parked) return;
    }
    found->second.is_parked = true;
    found->second.behind = parking.behind;
    found->second.place = next_place_++;
    parked.push_back(row.id);
  };
  for (const auto& parking : rows | std::views::filter(is_refused)) park_one(parking);
  for (const auto& parking : rows | std::views::filter(std::not_fn(is_refused))) park_one(parking);
  flush();
  return parked;
}

std::vector<core::Released> SimulatedDatabase::find_released(std::span<const core::RowId> parked) const {
  std::vector<core::Released> released;
  for (const core::RowId& id : parked) {
    const auto found = rows_.find(id);
    if (found != rows_.end() && found->second.is_parked) continue;
    released.push_back({id, found != rows_.end() && found->second.is_pending()});
  }
  return released;
}

std::vector<core::RowId> SimulatedDatabase::refused() const {
  std::vector<core::RowId> ids;
  for (const auto& [id, stored] : rows_) {
    if (stored.is_parked && !stored.behind) ids.push_back(id);
  }
  return ids;
}

void SimulatedDatabase::release(const core::RowId& id, bool is_given_up) {
  Stored& refused = rows_.at(id);
  refused.is_parked = false;
  refused.is_sent = is_given_up;
  refused.place = next_place_++;
  for (auto& [other, stored] : rows_) {
    if (stored.behind != id) continue;
    stored.behind.reset();
    stored.is_parked = false;
    stored.place = next_place_++;
  }
  if (uses_sequence_) requeued_from_ = std::min(requeued_from_.value_or(id.number()), id.number());
  flush();
}

core::Survey SimulatedDatabase::survey(const core::SurveyRequest& request) const {
  // A handful of rows at a time, so that catching up takes several surveys.
  constexpr std::size_t most = 7;
  core::Survey survey{.gaps = {}, .surveyed = request.up_to};
  std::int64_t expected = request.after + 1;
  std::size_t seen = 0;
  for (auto row = rows_.upper_bound(core::RowId{request.after}); row != rows_.end(); ++row) {
    const std::int64_t id = row->first.number();
    if (id > request.up_to) break;
    if (id > expected) survey.gaps.push_back({expected, id - 1});
    expected = id + 1;
    if (++seen == std::min(most, request.max_rows)) {
      survey.surveyed = id;
      return survey;
    }
  }
  if (expected <= request.up_to) survey.gaps.push_back({expected, request.up_to});
  return survey;
}

core::Writers SimulatedDatabase::writers() const {
  core::Writers result;
  for (const Writer& writer : writers_) result.transactions.push_back(writer.transaction);
  return result;
}

core::Fetched SimulatedDatabase::fetch(const core::FetchRequest& request) const {
  const auto memory = std::make_shared<Memory>(request.max_rows * 2 + 2);
  core::Fetched fetched;
  fetched.page.memory = memory;
  fetched.written = {written_};
  fetched.flushed = {flushed_};
  if (request.read_highest && !rows_.empty()) fetched.highest = rows_.rbegin()->first;
  const auto take = [&](const core::RowId& id, const Stored& stored) {
    const core::Bytes size{stored.message.size};
    const bool is_first = fetched.page.rows.empty();
    if (fetched.page.bytes + size > request.max_bytes && !(is_first && request.whole_row)) {
      fetched.cut_before = size;
      return false;
    }
    fetched.page.rows.push_back(memory->keep(id, stored));
    fetched.page.bytes += size;
    return true;
  };
  for (const auto& gap : request.gaps) {
    for (auto row = rows_.lower_bound(core::RowId{gap.first});
         row != rows_.end() && row->first.number() <= gap.last; ++row) {
      if (!row->second.is_pending()) continue;
      if (fetched.rows_in_gaps == request.max_rows) return fetched;
      if (!take(row->first, row->second)) return fetched;
      ++fetched.rows_in_gaps;
    }
  }
  std::size_t forward = 0;
  auto row = request.after ? rows_.upper_bound(*request.after) : rows_.begin();
  for (; row != rows_.end() && forward < request.max_rows; ++row) {
    if (request.up_to && row->first > *request.up_to) break;
    if (!row->second.is_pending()) continue;
    if (!take(row->first, row->second)) return fetched;
    ++forward;
  }
  return fetched;
}

bool SimulatedDatabase::complete_at_place(const core::Row& row) {
  const auto found = rows_.find(row.id);
  const bool is_there = found != rows_.end() && found->second.place == row.place.block;
  return is_there && complete(found->second);
}

bool SimulatedDatabase::complete_by_identity(const core::Row& row) {
  const auto found = rows_.find(row.id);
  const bool is_there = found != rows_.end() && found->second.message.id == row.message_id;
  return is_there && complete(found->second);
}

bool SimulatedDatabase::complete(Stored& stored) {
  if (!stored.is_pending()) return false;
  stored.is_sent = true;
  stored.sent_at = written_ + 1;
  return true;
}

void SimulatedDatabase::commit_completions(bool is_asynchronous) {
  ++written_;
  if (!is_asynchronous) flush();
}

std::size_t SimulatedDatabase::pending() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(rows_, [](const auto& row) { return row.second.is_pending(); }));
}

bool SimulatedDatabase::is_durable(const std::string& message_id) const {
  const auto found = committed_.find(message_id);
  return found != committed_.end() && found->second <= flushed_;
}

}  // namespace outbox_relay::simulation
