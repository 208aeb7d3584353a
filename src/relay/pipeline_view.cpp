#include <algorithm>

#include "relay/pipeline.h"

// The part of `Pipeline` that is seen from outside: failures told, states, what was parked.
namespace outbox_relay::relay {

void Pipeline::fail(Activity activity, const core::Failure& failure) {
  failing_[static_cast<std::size_t>(activity)] = failure.remedy;
  probe_.failed(activity, failure);
  show();
}

// A topic's trouble is told by `show_topic`, a refused row's when it is parked: neither is the producer's.
void Pipeline::note_undelivered(const core::Failure& failure) {
  if (failure.remedy == core::Remedy::hold_topic) return;
  if (failure.remedy == core::Remedy::park && !plan_.halts_on_refusal()) return;
  fail(Activity::publish, failure);
}

void Pipeline::succeed(Activity activity) {
  auto& failing = failing_[static_cast<std::size_t>(activity)];
  if (!failing) return;
  failing.reset();
  probe_.recovered(activity);
  show();
}

State Pipeline::state() const {
  if (plan_.halted() != nullptr) return State::halted;
  if (is_stopping_) return State::draining;
  const auto has_remedy = [this](core::Remedy remedy) {
    return std::ranges::find(failing_, remedy) != failing_.end() || sink_trouble_ == remedy;
  };
  if (has_remedy(core::Remedy::operate) || plan_.needs_operator()) return State::waiting_for_operator;
  const bool is_failing =
      std::ranges::any_of(failing_, [](const auto& remedy) { return remedy.has_value(); });
  if (is_failing || sink_trouble_) return State::backing_off;
  if (is_standby_) return State::standby;
  if (!was_open_) return State::starting;
  return plan_.is_busy() ? State::relaying : State::idle;
}

void Pipeline::show_topic(core::TopicId topic) {
  const core::Failure* failure = plan_.lanes().held_because(topic);
  if (failure != nullptr && shown_topics_.insert(topic).second) {
    probe_.topic_held(plan_.topic_name(topic), *failure);
  } else if (failure == nullptr && shown_topics_.erase(topic) > 0) {
    probe_.topic_released(plan_.topic_name(topic));
  }
  probe_.held_topics(plan_.lanes().held_topics());
}

void Pipeline::show() {
  probe_.in_flight(plan_.window().rows(), plan_.window().bytes());
  const State now = state();
  if (shown_state_ == now) return;
  shown_state_ = now;
  probe_.state_changed(now);
}

void Pipeline::tell_parked(std::span<const core::Parking> rows, const std::vector<core::RowId>& parked) {
  const std::set<core::RowId> ids{parked.begin(), parked.end()};
  std::size_t held = 0;
  for (const core::Parking& parking : rows) {
    if (!ids.contains(parking.row->row->id)) continue;
    if (parking.behind) {
      ++held;
    } else {
      probe_.parked(parking.row->row->id, parking.failure);
    }
  }
  if (held > 0) probe_.held(held);
}

void Pipeline::show_leading(bool leads) {
  if (shown_leading_ == leads) return;
  shown_leading_ = leads;
  probe_.leading(leads);
}

}  // namespace outbox_relay::relay
