#include "kafka/kafka_sink.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cassert>
#include <random>
#include <stdexcept>
#include <utility>

#include "kafka/classify.h"
#include "kafka/event_reader.h"
#include "kafka/housekeeper.h"
#include "kafka/partitioner.h"
#include "kafka/producer.h"
#include "kafka/record.h"
#include "kafka/wakeup.h"

namespace outbox_relay::kafka {
namespace {

using relay::Accepted;
using relay::awaitable;
using SteadyClock = std::chrono::steady_clock;

/// Events read at once, each of up to some thousand reports, before the caller has a turn.
constexpr int most_events = 64;

/// After a purge librdkafka's threads only have to hand the records back; it takes milliseconds.
constexpr std::chrono::minutes longest_purge{1};
/// While answers are awaited, how often to take back again what brokers refused for now.
constexpr std::chrono::milliseconds purge_interval{50};

bool is_empty(const relay::SinkEvents& events) {
  return events.deliveries.empty() && events.topics.empty() && !events.broken && !events.trouble &&
         !events.recovered;
}

}  // namespace

struct KafkaSink::State {
  struct Topic {
    std::string name;
    TopicHandle handle;  ///< of the present producer, made when first needed
  };

  State(boost::asio::any_io_executor executor_, ProducerSettings settings_, const core::Routing& routing_,
        LogCallback log, TimeAndChance time_and_chance)
      : executor(std::move(executor_)),
        settings(std::move(settings_)),
        wall(std::move(time_and_chance.wall)),
        partitioner(effective_value(settings, "partitioner"), std::move(time_and_chance.random)),
        records(routing_),
        reader(std::move(log)),
        wakeup(executor),
        producer(std::make_shared<Producer>(settings, wakeup.fd())),
        housekeeper([this] { wakeup.signal(); }) {
    housekeeper.use(producer);
  }

  ~State() {
    producer->disarm();
    topics.clear();
    // The housekeeper, which goes next, has the last reference: it waits until librdkafka let go of all rows.
    producer.reset();
  }

  rd_kafka_topic_t* topic_handle(core::TopicId id);
  relay::Publication not_taken(core::TopicId topic, const rd_kafka_error_t& error);
  void collect();
  awaitable<void> wait_until(SteadyClock::time_point deadline);
  awaitable<void> settle(SteadyClock::time_point deadline, int purged);
  void replace_producer();

  boost::asio::any_io_executor executor;
  ProducerSettings settings;
  std::function<std::chrono::system_clock::time_point()> wall;
  Partitioner partitioner;
  RecordMaker records;
  EventReader reader;
  Wakeup wakeup;
  std::vector<Topic> topics;  ///< by their ids
  relay::SinkEvents pending;  ///< read, and not returned by `next_events` yet
  bool is_interrupted = false;
  bool is_rebuilding = false;  ///< from the first purge on nothing more goes to the producer that ends
  std::shared_ptr<Producer> producer;
  Housekeeper housekeeper;
};

TimeAndChance TimeAndChance::of_the_system() {
  return {.wall = &std::chrono::system_clock::now,
          .random = [engine = std::mt19937_64{std::random_device{}()}]() mutable {
            return std::generate_canonical<double, 53>(engine);
          }};
}

KafkaSink::KafkaSink(boost::asio::any_io_executor executor, ProducerSettings settings,
                     const core::Routing& routing, LogCallback log, TimeAndChance time_and_chance)
    : state_(std::make_unique<State>(std::move(executor), std::move(settings), routing, std::move(log),
                                     std::move(time_and_chance))) {}

KafkaSink::~KafkaSink() = default;

relay::Publication KafkaSink::publish(core::InFlight& in_flight) {
  if (state_->is_rebuilding) return {Accepted::full, {}};
  const core::Row& row = *in_flight.row;
  HeadersHandle headers = state_->records.headers_of(row);
  if (!headers) {
    return {Accepted::refused,
            {core::Reason::invalid_headers, core::Remedy::park,
             "the headers column holds something else than a JSON object",
             "write an object of strings, or NULL"}};
  }
  const ErrorHandle error = state_->producer->produce({.topic = state_->topic_handle(in_flight.topic),
                                                       .partition = in_flight.partition,
                                                       .key = row.key,
                                                       .value = row.payload,
                                                       .headers = std::move(headers),
                                                       .timestamp = timestamp_of(row, state_->wall()),
                                                       .opaque = &in_flight});
  if (error) return state_->not_taken(in_flight.topic, *error);
  state_->reader.handed_over();
  return {};
}

rd_kafka_topic_t* KafkaSink::State::topic_handle(core::TopicId id) {
  Topic& topic = topics.at(static_cast<std::size_t>(id));
  assert(!topic.name.empty());
  if (!topic.handle) topic.handle = producer->make_topic(topic.name);
  return topic.handle.get();
}

relay::Publication KafkaSink::State::not_taken(core::TopicId topic, const rd_kafka_error_t& error) {
  const rd_kafka_resp_err_t code = rd_kafka_error_code(&error);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return {Accepted::full, {}};
  core::Failure failure = classify(code, Origin::produce, rd_kafka_error_string(&error));
  if (rd_kafka_error_is_fatal(&error) == 0) {
    if (failure.remedy == core::Remedy::park) return {Accepted::refused, std::move(failure)};
    if (failure.remedy == core::Remedy::hold_topic) {
      pending.topics.push_back({topic, 0, std::move(failure)});
      wakeup.signal();
      return {Accepted::full, {}};
    }
  }
  reader.producer_failed(std::move(failure), pending);
  wakeup.signal();
  return {Accepted::full, {}};
}

void KafkaSink::look_up(core::TopicId topic, const std::string& name) {
  const auto index = static_cast<std::size_t>(topic);
  if (index >= state_->topics.size()) state_->topics.resize(index + 1);
  state_->topics[index].name = name;
  state_->housekeeper.look_up(topic, name);
}

std::int32_t KafkaSink::partition_of(const core::Value& key, std::int32_t partitions) {
  return state_->partitioner.partition_of(key, partitions);
}

awaitable<relay::SinkEvents> KafkaSink::next_events() {
  for (;;) {
    state_->wakeup.clear();
    state_->collect();
    if (std::exchange(state_->is_interrupted, false) || !is_empty(state_->pending)) {
      co_return std::exchange(state_->pending, {});
    }
    co_await state_->wakeup.wait();
  }
}

void KafkaSink::interrupt() {
  state_->is_interrupted = true;
  state_->wakeup.signal();
}

// librdkafka signals only when its queue turns from empty to not empty: so the queue is read to its end, or
// the rest is signalled here.
void KafkaSink::State::collect() {
  int count = 0;
  while (const EventHandle event = producer->poll()) {
    reader.read(*producer, *event, pending);
    if (++count == most_events) {
      wakeup.signal();
      break;
    }
  }
  Housekeeper::News news = housekeeper.take_news();
  if (news.answered) reader.look_up_answered();
  if (news.failure) reader.look_up_failed(std::move(*news.failure));
  pending.topics.insert(pending.topics.end(), std::make_move_iterator(news.topics.begin()),
                        std::make_move_iterator(news.topics.end()));
  reader.report_trouble(pending);
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
  if (state.reader.outstanding() > 0) {
    throw std::logic_error{"kafka: librdkafka kept records although they were purged"};
  }
  state.replace_producer();
  state.is_rebuilding = false;
  co_return std::exchange(state.pending.deliveries, {});
}

// Waits until every record has its report, or for the deadline. Purges again and again: a record that a
// broker refuses for now goes back to the queue, where it would stay without a report.
awaitable<void> KafkaSink::State::settle(SteadyClock::time_point deadline, int purged) {
  for (;;) {
    wakeup.clear();
    producer->purge(purged);
    collect();
    const auto now = SteadyClock::now();
    if (reader.outstanding() == 0 || now >= deadline) co_return;
    co_await wait_until(std::min(deadline, now + purge_interval));
  }
}

awaitable<void> KafkaSink::State::wait_until(SteadyClock::time_point deadline) {
  using namespace boost::asio::experimental::awaitable_operators;
  boost::asio::steady_timer timer{executor, deadline};
  co_await (wakeup.wait() || timer.async_wait(boost::asio::use_awaitable));
}

void KafkaSink::State::replace_producer() {
  auto successor = std::make_shared<Producer>(settings, wakeup.fd());
  producer->disarm();
  for (Topic& topic : topics) topic.handle.reset();
  producer = std::move(successor);
  housekeeper.use(producer);  // drops the last reference to the one before
  reader.producer_replaced();
  pending.broken.reset();
  wakeup.signal();  // what happened before the new queue was armed has signalled nothing
}

}  // namespace outbox_relay::kafka
