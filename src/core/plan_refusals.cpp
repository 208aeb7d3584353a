#include <algorithm>
#include <cassert>
#include <utility>

#include "core/failpoint.h"
#include "core/plan.h"

// The part of `Plan` that deals with rows that Kafka will never take.
namespace outbox_relay::core {

namespace {

/// How many rows one transaction parks.
constexpr std::size_t parked_at_once = 1000;

/// So many refusals without a reason convict a row, if others are taken in between: about 3 s of attempts.
constexpr std::uint8_t unexplained_refusals = 5;

/// A requeued row goes out within seconds, also when there are very many parked rows to ask for.
constexpr std::chrono::milliseconds ask_interval{2000};
constexpr std::chrono::milliseconds shortest_ask_interval{100};
constexpr std::size_t rows_asked_for = 1000;

}  // namespace

void Plan::refused(InFlight& row, const Failure& failure, TimePoint now) {
  if (row.is_suspect) {
    suspects_.handed_over();
    return delivered_suspect(row, failure, now);
  }
  lanes_.drop_next();
  suspects_.settled_ahead(row);
  refuse(row, failure, now);
  read_left_rows_again(now);
}

// A suspect travels alone, so this is about the row itself.
void Plan::delivered_suspect(InFlight& row, const Failure& failure, TimePoint now) {
  switch (failure.remedy) {
    case Remedy::isolate:
      if (!is_guilty_by_now(row, now)) return postpone(row, now);
      [[fallthrough]];
    case Remedy::park: {
      const auto followers = suspects_.settled();
      refuse(row, failure, now);
      enqueue(followers, now);
      return read_left_rows_again(now);
    }
    case Remedy::hold_topic: {
      const TopicId topic = row.topic;
      for (InFlight* follower : suspects_.settled()) leave_to_be_read_again(*follower);
      hold_for_topic(row, failure);
      topic_closed(topic, failure, now);
      return read_left_rows_again(now);
    }
    case Remedy::retry:
    case Remedy::rebuild:
    case Remedy::operate:
      return postpone(row, now);
  }
}

// Refused alone, and not for a reason that is about it. A broker in trouble says so of every row; that it is
// this one shows when its partition takes others meanwhile, again and again; or, where there are no others in
// it, when any partition takes rows and this one is refused for as long as a missing topic is waited for.
bool Plan::is_guilty_by_now(InFlight& row, TimePoint now) {
  Unexplained& unexplained = row.unexplained;
  if (unexplained.refusals == 0) unexplained.first = now;
  if (unexplained.refusals == 0 || lanes_.has_taken_since(row, unexplained.last)) ++unexplained.refusals;
  unexplained.last = now;
  return unexplained.refusals >= unexplained_refusals ||
         (now - unexplained.first >= settings_.topic_grace && lanes_.has_any_taken_since(unexplained.first));
}

void Plan::postpone(InFlight& row, TimePoint now) {
  suspects_.postponed(now);
  // Another relay may have led, and published it, since the session that read it.
  if (!row.page->places_hold) read_all_again(now);
}

void Plan::refuse(InFlight& row, const Failure& failure, TimePoint now) {
  switch (settings_.refused) {
    case OnRefusal::halt:
      return halt(failure);
    case OnRefusal::dead_letter:
      return send_dead_letter(row, failure, now);
    case OnRefusal::park:
      return set_aside(row, {.row = &row, .failure = failure, .behind = std::nullopt}, now);
  }
}

void Plan::send_dead_letter(InFlight& row, const Failure& failure, TimePoint now) {
  if (row.dead_letter) {
    Failure twice = failure;
    twice.message = "the dead letter topic refuses a row: " + failure.message;
    return halt(twice);
  }
  lanes_.give_up(row);
  row.dead_letter =
      std::make_unique<DeadLetter>(failure, row.topic == no_topic ? "" : topics_.name(row.topic));
  row.topic = *dead_letter_topic_;
  row.is_suspect = false;
  row.unexplained = {};
  enqueue(row, now);
}

void Plan::set_aside(InFlight& row, Parking parking, TimePoint now) {
  lanes_.give_up(row);
  if (!source_is_open_) return window_.finish(row);  // it is read again, with all that is behind it
  const bool is_refused = !parking.behind;
  window_.advance(row, Stage::refused);
  parkings_.push_back(std::move(parking));
  if (!is_refused) return;
  const auto key = row.topic != no_topic && settings_.hold_keys ? ordering_key(row) : std::nullopt;
  holds_.add(row.row->id, key);
  if (!key) return;
  // Those of its key that were read already go behind it.
  auto followers = lanes_.take_key(*key);
  const auto suspected = suspects_.take_key(*key);
  followers.insert(followers.end(), suspected.begin(), suspected.end());
  enqueue(followers, now);
  read_left_rows_again(now);
}

std::span<const Parking> Plan::next_parking() {
  assert(parking_.empty());
  if (!source_is_open_) return {};
  const std::size_t count = std::min(parkings_.size(), parked_at_once);
  for (std::size_t at = 0; at < count; ++at) {
    window_.advance(*parkings_.front().row, Stage::parking);
    parking_.push_back(std::move(parkings_.front()));
    parkings_.pop_front();
  }
  return parking_;
}

// What was not parked is not as it was: it has moved or gone, or the row it was to wait for has been
// requeued.
void Plan::parked(const std::vector<RowId>& rows, TimePoint now) {
  std::vector<RowId> sorted = rows;
  std::ranges::sort(sorted);
  for (const Parking& parking : std::exchange(parking_, {})) {
    const RowId id = parking.row->row->id;
    if (std::ranges::binary_search(sorted, id)) {
      if (!parking.behind) holds_.confirm(id);
      leave(*parking.row);
      continue;
    }
    window_.advance(*parking.row, Stage::refused);
    read_again(*parking.row, now);
    if (parking.behind) {
      ask_parked_at_ = now;
    } else {
      release(id, now);
    }
  }
}

void Plan::parking_failed() {
  for (auto parking = parking_.rbegin(); parking != parking_.rend(); ++parking) {
    window_.advance(*parking->row, Stage::refused);
    parkings_.push_front(std::move(*parking));
  }
  parking_.clear();
}

std::optional<Plan::AskParked> Plan::ask_for_parked(TimePoint now) {
  if (holds_.empty() || ask_parked_at_ > now) return std::nullopt;
  AskParked ask{holds_.next_to_ask(rows_asked_for)};
  ask_parked_at_ = ask.rows.empty() ? now + ask_interval : TimePoint::max();  // until the answer
  if (ask.rows.empty()) return std::nullopt;
  return ask;
}

// While a statement that parks is under way it is not known who waits for whom: so ask again.
std::size_t Plan::released(const std::vector<Released>& rows, TimePoint now) {
  if (!rows.empty() && !parking_.empty()) {
    ask_parked_at_ = now + shortest_ask_interval;
    return 0;
  }
  std::size_t requeued = 0;
  for (const Released& row : rows) {
    requeued += row.is_pending ? 1 : 0;
    release(row.id, now);
  }
  const auto turns = static_cast<std::int64_t>(holds_.size() / rows_asked_for) + 1;
  ask_parked_at_ = now + std::max(ask_interval / turns, shortest_ask_interval);
  return requeued;
}

// A parked row came with a page: it was requeued, and those that were behind it may lie elsewhere. All of
// them are read in order; the page is left in the table.
bool Plan::release_met(const Page& page, TimePoint now) {
  if (holds_.empty()) return false;
  std::vector<RowId> met;
  for (const Row& row : page.rows) {
    // An older snapshot shows a row that was parked meanwhile.
    if (holds_.is_parked(row.id) && !left_meanwhile_.contains(row.id)) met.push_back(row.id);
  }
  if (met.empty()) return false;
  if (!parking_.empty()) {
    poll_at_ = now + shortest_ask_interval;
    return true;
  }
  for (const RowId& id : met) release(id, now);
  return true;
}

// The parked row, and what waited behind it, are pending again, or it is gone and only they are.
void Plan::release(const RowId& parked, TimePoint now) {
  const auto key = holds_.release(parked);
  // What was read of its key since is behind it, and behind what it held back.
  if (key) drop_unsafe([&key](const InFlight& row) { return ordering_key(row) == key->view(); });
  std::vector<InFlight*> followers;
  std::erase_if(parkings_, [&](const Parking& parking) {
    if (parking.behind != parked) return false;
    followers.push_back(parking.row);
    return true;
  });
  for (InFlight* row : followers) window_.finish(*row);
  read_again_from(parked, now);
}

void Plan::read_again(InFlight& row, TimePoint now) {
  const RowId id = row.row->id;
  window_.finish(row);
  if (source_is_open_) read_again_from(id, now);
}

void Plan::read_again_from(const RowId& id, TimePoint now) {
  if (has_sequence_) {
    cursor_.rewind(id.number());
  } else {
    scan_.start();
  }
  wake(now);
}

// Refused in a session that is gone: they are read, and refused, once more.
void Plan::drop_refused() {
  for (Parking& parking : parkings_) window_.finish(*parking.row);
  for (Parking& parking : parking_) window_.finish(*parking.row);
  parkings_.clear();
  parking_.clear();
}

}  // namespace outbox_relay::core
