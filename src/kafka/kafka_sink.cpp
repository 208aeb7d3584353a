#include "kafka/kafka_sink.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <optional>
#include <random>
#include <utility>
#include <variant>

#include "kafka/classify.h"
#include "kafka/housekeeper.h"
#include "kafka/partitioner.h"
#include "kafka/probe.h"
#include "kafka/producers.h"
#include "kafka/record.h"
#include "kafka/topic_limits.h"
#include "kafka/trouble.h"
#include "kafka/wakeup.h"

namespace outbox_relay::kafka {
namespace {

using relay::Accepted;
using relay::awaitable;
using SteadyClock = std::chrono::steady_clock;

/// After a purge librdkafka's threads only have to hand the records back. That takes milliseconds, unless one
/// of them is in the resolver.
constexpr std::chrono::seconds longest_purge{5};

core::Failure kept_records(std::size_t count) {
  return {core::Reason::producer, core::Remedy::retry,
          "kafka: librdkafka has not let go of " + std::to_string(count) +
              " records yet, and no new producer is made before",
          "a name server that does not answer keeps its threads busy: look at those of this host"};
}

bool is_empty(const relay::SinkEvents& events) {
  return events.deliveries.empty() && events.topics.empty() && !events.broken && !events.trouble &&
         !events.recovered;
}

}  // namespace

struct KafkaSink::State {
  struct Topic {
    std::string name;
    std::optional<core::Bytes> largest_record;  ///< as it was told last
    std::optional<int> batch_size;              ///< of the producer its rows go through, once it was found
  };
  /// What became of handing a record over; the failure is the producer's, which did not take the record.
  using HandOver = std::variant<relay::Publication, core::Failure>;

  State(boost::asio::any_io_executor executor_, const ProducerSettings& settings,
        const core::Routing& routing, LogCallback log_, TimeAndChance time_and_chance)
      : executor(std::move(executor_)),
        log(std::move(log_)),
        wall(std::move(time_and_chance.wall)),
        partitioner(effective_value(settings, "partitioner"), std::move(time_and_chance.random)),
        records(routing),
        wakeup(executor),
        housekeeper([this] { wakeup.signal(); }),
        producers(settings, housekeeper, wakeup.fd(), log),
        probe(settings, housekeeper, wakeup.fd(), log) {}

  [[nodiscard]] std::chrono::system_clock::time_point time_for(const core::InFlight& row);
  HandOver hand_over(Channel& channel, core::InFlight& row, Record record);
  HandOver not_taken(const Channel& channel, core::TopicId topic, const rd_kafka_error_t& error);
  void producer_ended(core::Failure end);
  void collect();
  void take_news();
  void note(relay::TopicReport report);
  void tell_trouble();
  awaitable<void> wait();
  awaitable<void> wait_until(SteadyClock::time_point deadline);
  awaitable<void> settle(SteadyClock::time_point deadline, int purged);
  void replace_producers();

  boost::asio::any_io_executor executor;
  LogCallback log;
  std::function<std::chrono::system_clock::time_point()> wall;
  std::chrono::system_clock::time_point time;  ///< when `wall` was read last
  Partitioner partitioner;
  RecordMaker records;
  std::vector<Topic> topics;  ///< by their ids
  relay::SinkEvents pending;  ///< read, and not returned by `next_events` yet
  TroubleTeller trouble;
  std::vector<relay::TopicReport> withheld;  ///< of topics that need producers with smaller batches first
  bool is_interrupted = false;
  bool told_end = false;       ///< the port was told that the producers came to their end
  bool is_rebuilding = false;  ///< from the first purge on nothing more goes to the producers that end
  Wakeup wakeup;
  // The producers go before the housekeeper, which waits until librdkafka let go of all rows.
  Housekeeper housekeeper;
  Producers producers;
  Probe probe;
};

TimeAndChance TimeAndChance::of_the_system() {
  return {.wall = &std::chrono::system_clock::now,
          .random = [engine = std::mt19937_64{std::random_device{}()}]() mutable {
            return std::generate_canonical<double, 53>(engine);
          }};
}

KafkaSink::KafkaSink(boost::asio::any_io_executor executor, const ProducerSettings& settings,
                     const core::Routing& routing, LogCallback log, TimeAndChance time_and_chance)
    : state_(std::make_unique<State>(std::move(executor), settings, routing, std::move(log),
                                     std::move(time_and_chance))) {}

KafkaSink::~KafkaSink() = default;

relay::Publication KafkaSink::publish(core::InFlight& in_flight) {
  State& state = *state_;
  if (state.is_rebuilding && !in_flight.is_suspect) return {Accepted::full, {}};
  const core::Row& row = *in_flight.row;
  const auto now = state.time_for(in_flight);
  auto headers = state.records.headers_of(in_flight, now);
  if (auto* why = std::get_if<core::Failure>(&headers)) return {Accepted::refused, std::move(*why)};
  Record record{.partition = in_flight.partition,
                .key = row.key,
                .value = row.payload,
                .headers = std::get<HeadersHandle>(std::move(headers)),
                .timestamp = timestamp_of(row, now),
                .opaque = &in_flight};
  const State::Topic& topic = state.topics.at(static_cast<std::size_t>(in_flight.topic));
  Channel& channel = in_flight.is_suspect
                         ? state.probe.next()
                         : state.producers.of(topic.batch_size.value_or(state.producers.largest_batch()));
  auto outcome = state.hand_over(channel, in_flight, std::move(record));
  if (auto* publication = std::get_if<relay::Publication>(&outcome)) {
    if (in_flight.is_suspect && publication->accepted == Accepted::full) channel.close();
    return std::move(*publication);
  }
  core::Failure end = as_end(std::move(std::get<core::Failure>(outcome)));
  state.wakeup.signal();
  if (!in_flight.is_suspect) {
    state.producer_ended(std::move(end));
    return {Accepted::full, {}};
  }
  // The probe's end is told by the row that met it.
  channel.close();
  state.pending.deliveries.push_back({&in_flight, std::move(end)});
  return {};
}

// A clock reading that serves for this row: its time is not in the future when it was not at an earlier one.
std::chrono::system_clock::time_point KafkaSink::State::time_for(const core::InFlight& row) {
  const auto& created_at = row.row->created_at;
  if (row.dead_letter || (created_at && *created_at > time)) time = wall();
  return time;
}

KafkaSink::State::HandOver KafkaSink::State::hand_over(Channel& channel, core::InFlight& row, Record record) {
  const std::string& name = topics[static_cast<std::size_t>(row.topic)].name;
  try {
    const ErrorHandle error = channel.produce(row.topic, name, std::move(record));
    return error ? not_taken(channel, row.topic, *error) : relay::Publication{};
  } catch (const core::FailureError& error) {
    return error.failure();
  }
}

KafkaSink::State::HandOver KafkaSink::State::not_taken(const Channel& channel, core::TopicId topic,
                                                       const rd_kafka_error_t& error) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(&error);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && channel.outstanding() > 0) {
    return relay::Publication{Accepted::full, {}};
  }
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {  // with nothing in it: it never has room for this one
    return relay::Publication{
        Accepted::refused,
        {core::Reason::too_large, core::Remedy::park, "the record is larger than librdkafka's queue",
         "raise `queue.buffering.max.kbytes` in `kafka.properties`"}};
  }
  core::Failure failure = classify(code, Origin::produce, rd_kafka_error_string(&error));
  if (rd_kafka_error_is_fatal(&error) != 0) return failure;
  if (failure.remedy == core::Remedy::park) {
    return relay::Publication{Accepted::refused, std::move(failure)};
  }
  if (failure.remedy == core::Remedy::hold_topic) {
    note({topic, 0, std::move(failure), std::nullopt});
    wakeup.signal();
    return relay::Publication{Accepted::full, {}};
  }
  return failure;
}

void KafkaSink::State::producer_ended(core::Failure end) {
  if (!std::exchange(told_end, true)) pending.broken = std::move(end);
}

void KafkaSink::look_up(core::TopicId topic, const std::string& name) {
  const auto index = static_cast<std::size_t>(topic);
  if (index >= state_->topics.size()) state_->topics.resize(index + 1);
  State::Topic& entry = state_->topics[index];
  entry.name = name;
  state_->housekeeper.look_up(
      topic, name, entry.batch_size ? state_->producers.of(*entry.batch_size).producer() : nullptr);
}

std::int32_t KafkaSink::partition_of(const core::Value& key, std::int32_t partitions) {
  return state_->partitioner.partition_of(key, partitions);
}

awaitable<void> KafkaSink::next_events(relay::SinkEvents& events) {
  events.clear();
  state_->time = {};  // a clock that was wrong may have been set right
  for (;;) {
    state_->wakeup.clear();
    state_->collect();
    if (std::exchange(state_->is_interrupted, false) || !is_empty(state_->pending)) {
      co_return std::swap(events, state_->pending);
    }
    co_await state_->wait();
  }
}

void KafkaSink::interrupt() {
  state_->is_interrupted = true;
  state_->wakeup.signal();
}

void KafkaSink::State::collect() {
  bool has_more = false;
  producers.for_each([&](Channel& channel) {
    has_more |= channel.collect(pending.deliveries);
    if (const auto& end = channel.reader().end()) producer_ended(*end);
  });
  has_more |= probe.collect(pending.deliveries);
  if (has_more) wakeup.signal();
  take_news();
  tell_trouble();
}

void KafkaSink::State::take_news() {
  Housekeeper::News news = housekeeper.take_news();
  if (news.answered) {
    producers.for_each([](Channel& channel) { channel.reader().look_up_answered(); });
    probe.channel().reader().look_up_answered();
  }
  if (news.failure) producers.of(producers.largest_batch()).reader().look_up_failed(std::move(*news.failure));
  if (news.unknown_limit) log(*news.unknown_limit);
  for (relay::TopicReport& report : news.topics) note(std::move(report));
}

// When a topic turns out to take smaller batches only than its rows went out in, its rows have to go through
// another producer. That must not overtake the one before: so first all of them come to their orderly end.
// One that takes larger batches gets them when that happens for another reason.
void KafkaSink::State::note(relay::TopicReport report) {
  std::erase_if(withheld, [&](const relay::TopicReport& before) { return before.topic == report.topic; });
  if (!report.failure) {
    Topic& topic = topics.at(static_cast<std::size_t>(report.topic));
    topic.largest_record = report.largest_record;
    const int suitable = batch_size_for(topic.largest_record, producers.largest_batch());
    if (!topic.batch_size) topic.batch_size = suitable;
    if (suitable < *topic.batch_size) {
      producer_ended({core::Reason::producer, core::Remedy::rebuild,
                      "kafka: topic " + topic.name + " takes batches of " +
                          std::to_string(topic.largest_record->count) +
                          " bytes at most: its rows go on through a producer that makes no larger ones",
                      ""});
      withheld.push_back(std::move(report));
      return;
    }
  }
  pending.topics.push_back(std::move(report));
}

void KafkaSink::State::tell_trouble() {
  const auto of = [](const Channel& channel) {
    const auto& failure = channel.reader().trouble();
    return failure ? &*failure : nullptr;
  };
  const core::Failure* gravest = of(probe.channel());
  producers.for_each([&](const Channel& channel) { gravest = graver(gravest, of(channel)); });
  trouble.tell(gravest, pending);
}

awaitable<void> KafkaSink::State::wait() {
  if (const auto deadline = probe.collect_at()) {
    co_await wait_until(*deadline);
  } else {
    co_await wakeup.wait();
  }
}

// What no broker has been sent is taken back first, so that nothing more goes out. Requests that are with a
// broker get `patience` for their answers: those rows are acknowledged instead of being published twice.
// (After the fatal end under the gapless guarantee some records get no report at all until they are purged
// [229 of 5000].)
awaitable<std::vector<relay::DeliveryReport>> KafkaSink::rebuild(std::chrono::milliseconds patience) {
  State& state = *state_;
  state.is_rebuilding = true;
  co_await state.settle(SteadyClock::now() + patience, RD_KAFKA_PURGE_F_QUEUE);
  co_await state.settle(SteadyClock::now() + longest_purge,
                        RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  if (const auto kept = state.producers.outstanding(); kept > 0) throw core::FailureError{kept_records(kept)};
  state.replace_producers();
  state.is_rebuilding = false;
  co_return std::exchange(state.pending.deliveries, {});
}

// Waits until every record has its report, or for the deadline.
awaitable<void> KafkaSink::State::settle(SteadyClock::time_point deadline, int purged) {
  for (;;) {
    wakeup.clear();
    producers.purge(purged);
    collect();
    const auto now = SteadyClock::now();
    if (producers.outstanding() == 0 || now >= deadline) co_return;
    co_await wait_until(std::min(deadline, now + Channel::purge_interval));
  }
}

awaitable<void> KafkaSink::State::wait_until(SteadyClock::time_point deadline) {
  using namespace boost::asio::experimental::awaitable_operators;
  boost::asio::steady_timer timer{executor, deadline};
  co_await (wakeup.wait() || timer.async_wait(boost::asio::use_awaitable));
}

void KafkaSink::State::replace_producers() {
  producers.replace();
  for (Topic& topic : topics) {
    if (topic.batch_size) topic.batch_size = batch_size_for(topic.largest_record, producers.largest_batch());
  }
  pending.topics.insert(pending.topics.end(), std::make_move_iterator(withheld.begin()),
                        std::make_move_iterator(withheld.end()));
  withheld.clear();
  pending.broken.reset();
  told_end = false;
}

}  // namespace outbox_relay::kafka
