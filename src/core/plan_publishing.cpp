#include <algorithm>
#include <cassert>
#include <utility>

#include "core/failpoint.h"
#include "core/plan.h"

// The part of `Plan` that publishes rows: where each lines up, and what its report means.
namespace outbox_relay::core {

void Plan::enqueue(const std::vector<InFlight*>& rows, TimePoint now) {
  for (InFlight* row : rows) {
    if (is_stopped()) return;  // a refused row has halted the outbox, and dropped the others
    enqueue(*row, now);
  }
}

// A row finds its place: behind a parked row of its key, behind a suspect of its key, among the suspects, or
// in its partition's lane.
void Plan::enqueue(InFlight& row, TimePoint now) {
  if (!source_is_open_) {  // what is not published is read again
    lanes_.give_up(row);
    return window_.finish(row);
  }
  if (row.topic == no_topic) return refuse(row, std::get<Failure>(topics_.of(*row.row)), now);
  const auto key = ordering_key(row);
  if (key) {
    if (auto parked = holds_.behind(*key, row.row->id)) {
      return set_aside(row, {.row = &row, .failure = {}, .behind = std::move(parked)}, now);
    }
  }
  const auto passage = lanes_.pass(row, now);
  if (const auto* failure = std::get_if<Failure>(&passage)) return refuse(row, *failure, now);
  switch (std::get<Lanes::Passage>(passage)) {
    case Lanes::Passage::wait:
      return;
    case Lanes::Passage::leave:
      return leave_to_be_read_again(row);
    case Lanes::Passage::go_on:
      break;
  }
  if (key && suspects_.are_of(*key)) {
    if (!suspects_.wait_behind(row, quarter_of_window())) leave_to_be_read_again(row);
    return;
  }
  row.is_suspect = row.is_suspect || lanes_.looks_too_large(row);
  const auto place = lanes_.line_up(row, now);
  if (const auto* failure = std::get_if<Failure>(&place)) return refuse(row, *failure, now);
  if (std::get<Lanes::Passage>(place) == Lanes::Passage::leave) return leave_to_be_read_again(row);
  if (row.is_suspect) suspects_.accuse(row, key ? count_ahead(*key) : 0);
}

// Rows of a key that are with the main producer, or on their way to it. Waiting rows of the key that are not
// in a lane come later than the one that is asked for.
std::size_t Plan::count_ahead(const OrderingKey& key) {
  std::size_t count = lanes_.count_key(key);
  // Mostly none is: after a refused request its suspects come by the thousand, and each would walk the
  // window.
  if (window_.count(Stage::published) == (suspects_.is_any_out() ? 1 : 0)) return count;
  window_.for_each([&](const InFlight& row) {
    if (row.stage == Stage::published && !row.is_suspect && ordering_key(row) == key) ++count;
  });
  return count;
}

// The row leaves the window, and is read again when its topic opens, its partition's or topic's trial is
// over, or the suspect of its key has its verdict.
void Plan::leave_to_be_read_again(InFlight& row) {
  lanes_.give_up(row);
  lanes_.hold(row);
  window_.finish(row);
}

// Came back because its topic takes nothing.
void Plan::hold_for_topic(InFlight& row, const Failure& failure) {
  const bool may_stay = source_is_open_ && !is_stopped() && !is_settling_;
  InFlight* const leaving = may_stay ? lanes_.keep(row, failure) : &row;
  if (leaving != nullptr) leave_to_be_read_again(*leaving);
}

InFlight* Plan::next_publication(TimePoint now) const {
  if (producer_broken_ || is_stopped()) return nullptr;
  InFlight* const suspect = suspects_.next(now);
  return suspect != nullptr ? suspect : lanes_.next();
}

void Plan::published(InFlight& row, TimePoint now) {
  row.published_at = now;
  window_.advance(row, Stage::published);
  row.is_suspect ? suspects_.handed_over() : lanes_.handed_over(now);
  if (!is_mutated("complete_before_ack")) return;
  static std::vector<std::shared_ptr<const void>> kept;  // librdkafka reads the bytes still
  kept.push_back(row.page->page.memory);
  window_.advance(row, Stage::acknowledged);
  acknowledged_.push_back(&row);
}

bool Plan::not_taken(InFlight& row, TimePoint now) {
  if (!row.is_suspect) return false;
  suspects_.postponed(now);
  return true;
}

void Plan::delivered(InFlight& row, const std::optional<Failure>& failure, TimePoint now) {
  assert(row.stage == Stage::published);
  if (!failure) {
    const TopicId topic = row.topic;
    bool is_over = lanes_.took(row, now);
    if (!row.is_suspect) {
      is_over = lanes_.acknowledged(row, now) || is_over;
      suspects_.settled_ahead(row);
    }
    const auto cleared = row.is_suspect ? suspects_.settled() : std::vector<InFlight*>{};
    window_.advance(row, Stage::acknowledged);
    if (is_standing_by_ || is_settling_) {
      window_.finish(row);
    } else {
      acknowledged_.push_back(&row);
    }
    enqueue(cleared, now);
    if (is_over) read_left_again(topic, now);
    return read_left_rows_again(now);
  }
  window_.advance(row, Stage::waiting);
  if (row.is_suspect) {
    delivered_suspect(row, *failure, now);
  } else {
    lanes_.failed(row, now);
    switch (failure->remedy) {
      case Remedy::hold_topic: {
        const TopicId topic = row.topic;
        hold_for_topic(row, *failure);
        topic_closed(topic, *failure, now);
        break;
      }
      case Remedy::isolate:
      case Remedy::park:
        if (is_mutated("blame_whole_request")) return refuse(row, *failure, now);
        // Kafka refuses a request whole: which of its rows is the reason, only a request of its own can tell.
        producer_broken_ = true;
        row.is_suspect = true;
        break;
      case Remedy::retry:
      case Remedy::rebuild:
      case Remedy::operate:
        producer_broken_ = true;
        ++returned_rows_;
        break;
    }
  }
  if (is_stopped()) drop_unpublished();
}

std::vector<TopicId> Plan::take_lookups(TimePoint now) {
  if (source_is_open_ && !is_stopped()) {
    if (const auto lowest = lanes_.take_given_up(now)) read_again_from(*lowest, now);
  }
  return lanes_.take_lookups(now, !has_room());
}

std::optional<TimePoint> Plan::next_appointment(TimePoint now) const {
  const auto lookup = lanes_.next_lookup(now, !has_room());
  const auto suspect = suspects_.next_attempt(now);
  return lookup && suspect ? std::min(*lookup, *suspect) : lookup ? lookup : suspect;
}

void Plan::topic_opened(TopicId topic, std::int32_t partitions, std::optional<Bytes> largest_record,
                        TimePoint now) {
  if (lanes_.puts_on_trial(topic, topics_.name(topic), now)) producer_broken_ = true;
  const auto reopened = lanes_.topic_opened(topic, partitions, largest_record, now);
  enqueue(reopened.waiting, now);
  if (reopened.leaving != nullptr) window_.finish(*reopened.leaving);
  if (reopened.lowest) read_topic_again(topic, *reopened.lowest, now);
}

// Rows of this topic that were read since are behind those that left: all of them are read again, in order.
// Who has stopped reads nothing more, but leaves a watermark, which must not pass them.
void Plan::read_topic_again(TopicId topic, RowId lowest, TimePoint now) {
  if (!source_is_open_) return;
  drop_unsafe([&](const InFlight& row) {
    if (row.topic != topic) return false;
    lowest = std::min(lowest, row.row->id);
    return true;
  });
  read_again_from(lowest, now);
}

void Plan::read_left_again(TopicId topic, TimePoint now) {
  if (const auto lowest = lanes_.take_left(topic)) read_topic_again(topic, *lowest, now);
}

// What let rows of a partition or a key leave the window is over: they come before later ones.
void Plan::read_left_rows_again(TimePoint now) {
  for (const TopicId topic : lanes_.take_untried()) read_left_again(topic, now);
  for (const TopicId topic : suspects_.take_topics_with_left()) read_left_again(topic, now);
}

// Rows that are read, and whose turn has not come, leave the window; the caller has them read again.
void Plan::drop_unsafe(const std::function<bool(const InFlight&)>& is_concerned) {
  std::erase_if(unsafe_pages_, [&](WindowPage* page) {
    std::size_t staying = page->unfinished;
    Window::for_each_in(*page, [&](InFlight& row) {
      if (!is_concerned(row)) return;
      --staying;
      window_.finish(row);
    });
    return staying == 0;
  });
}

void Plan::topic_closed(TopicId topic, Failure failure, TimePoint now) {
  if (lanes_.puts_on_trial(topic, topics_.name(topic), now)) producer_broken_ = true;
  const auto waiting = lanes_.topic_closed(topic, std::move(failure), now);
  if (lanes_.gives_up(topic, now)) {
    enqueue(waiting, now);
  } else {
    for (InFlight* row : waiting) window_.finish(*row);
  }
  for (InFlight* row : suspects_.take_topic(topic)) leave_to_be_read_again(*row);
}

std::size_t Plan::producer_replaced(TimePoint now) {
  assert(window_.count(Stage::published) == (suspects_.is_any_out() ? 1 : 0));
  producer_broken_ = false;
  lanes_.producer_replaced();
  suspects_.drop_waiting();
  std::vector<InFlight*> rows;
  window_.for_each([&rows](InFlight& row) {
    if (row.stage == Stage::waiting) rows.push_back(&row);
  });
  const bool is_of_session =
      std::ranges::all_of(rows, [](const InFlight* row) { return row->page->places_hold; });
  if (is_of_session) {
    enqueue(rows, now);
  } else {
    read_all_again(now);
  }
  read_left_rows_again(now);
  return std::exchange(returned_rows_, 0);
}

// Rows that an earlier session read have come back. What lies before them was dropped with that session, and
// may not have been read again: so everything is, in order.
void Plan::read_all_again(TimePoint now) {
  std::optional<RowId> lowest;
  window_.for_each([&lowest](const InFlight& row) {
    if (row.stage != Stage::unsafe && row.stage != Stage::waiting) return;
    lower(lowest, row.row->id);
  });
  const auto lowest_dropped = lowest_dropped_;
  drop_unpublished();
  if (!source_is_open_) return;
  lowest_dropped_ = lowest_dropped;
  if (lowest) read_again_from(*lowest, now);
}

}  // namespace outbox_relay::core
