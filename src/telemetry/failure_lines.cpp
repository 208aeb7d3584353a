#include "telemetry/failure_lines.h"

#include <chrono>
#include <cstdint>
#include <optional>

#include "telemetry/labels.h"

namespace outbox_relay::telemetry {

namespace {

/// In seconds, no finer than people want to read.
double for_people(Duration duration) {
  return std::chrono::duration<double>(std::chrono::round<std::chrono::milliseconds>(duration)).count();
}

LogLevel level_of(core::Remedy remedy) {
  switch (remedy) {
    case core::Remedy::retry:
    case core::Remedy::rebuild:
    case core::Remedy::isolate:
    case core::Remedy::hold_topic:
      return LogLevel::warn;
    case core::Remedy::park:
    case core::Remedy::operate:
      return LogLevel::error;
  }
  return LogLevel::error;
}

template <Message message>
void say_failed(Log& log, const std::string& outbox, const core::Failure& failure,
                const Repeats::Said& said) {
  std::optional<std::uint64_t> times;
  std::optional<double> lasting_seconds;
  if (said.times > 1) {
    times = said.times;
    lasting_seconds = for_people(said.lasting);
  }
  log.say_at<message>(level_of(failure.remedy), outbox, to_label(failure.reason), failure.message,
                      failure.hint, times, lasting_seconds);
}

}  // namespace

void say_failed(relay::Activity activity, Log& log, const std::string& outbox, const core::Failure& failure,
                const Repeats::Said& said) {
  switch (activity) {
    case relay::Activity::fetch:
      return say_failed<Message::fetching_failed>(log, outbox, failure, said);
    case relay::Activity::publish:
      return say_failed<Message::publishing_failed>(log, outbox, failure, said);
    case relay::Activity::complete:
      return say_failed<Message::completing_failed>(log, outbox, failure, said);
    case relay::Activity::expire:
      return say_failed<Message::expiring_failed>(log, outbox, failure, said);
  }
}

void say_recovered(relay::Activity activity, Log& log, const std::string& outbox, const Repeats::Said& said) {
  const double lasted_seconds = for_people(said.lasting);
  switch (activity) {
    case relay::Activity::fetch:
      return log.say<Message::fetching_recovered>(outbox, lasted_seconds);
    case relay::Activity::publish:
      return log.say<Message::publishing_recovered>(outbox, lasted_seconds);
    case relay::Activity::complete:
      return log.say<Message::completing_recovered>(outbox, lasted_seconds);
    case relay::Activity::expire:
      return log.say<Message::expiring_recovered>(outbox, lasted_seconds);
  }
}

}  // namespace outbox_relay::telemetry
