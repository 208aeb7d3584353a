#pragma once

#include "relay/ports.h"

namespace outbox_relay::relay {

/// Takes no notice of anything: for a probe that wants to see a part. One that has to see all of it is a
/// `Probe`, so that it cannot miss what is added one day.
class QuietProbe : public Probe {
 public:
  void state_changed(State) override {}
  void fetched(core::PollCause, std::size_t, std::size_t) override {}
  void acknowledged(std::size_t, core::Bytes, std::span<const double>, std::span<const double>) override {}
  void completed(std::size_t) override {}
  void parked(const core::RowId&, const core::Failure&) override {}
  void dead_lettered(const core::RowId&, const core::Failure&) override {}
  void held(std::size_t) override {}
  void requeued(std::size_t) override {}
  void leading(bool) override {}
  void queried(Query, std::chrono::steady_clock::duration) override {}
  void redelivering(std::size_t) override {}
  void failed(Activity, const core::Failure&) override {}
  void recovered(Activity) override {}
  void connection_opened(Purpose) override {}
  void producer_created() override {}
  void in_flight(std::size_t, core::Bytes) override {}
  void topic_held(const std::string&, const core::Failure&) override {}
  void topic_released(const std::string&) override {}
  void held_topics(std::size_t) override {}
};

}  // namespace outbox_relay::relay
