#include "latency.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "arrivals.h"
#include "connection.h"
#include "kafka/producer.h"
#include "running.h"
#include "support/eventually.h"

namespace outbox_relay::bench {
namespace {

using Clock = Arrivals::Clock;

constexpr int groups_per_second = 500;  ///< transactions, or records handed over together
constexpr int writers = 4;
constexpr std::chrono::seconds ignored_at_start{2};
constexpr std::size_t value_bytes = 400;

/// When each row set out, by number; each is written by one thread.
using Departures = std::vector<Clock::time_point>;

/// Calls `send` with the first and the last number of each group when its time has come, `share` of `shares`.
void keep_pace(const Latency& latency, std::size_t rows, int share, int shares,
               const std::function<void(std::size_t, std::size_t)>& send) {
  const auto group = static_cast<std::size_t>(std::max(1, latency.rows_per_second / groups_per_second));
  const std::chrono::duration<double> interval{static_cast<double>(group) / latency.rows_per_second};
  const auto begin = Clock::now();
  for (auto number = static_cast<std::size_t>(share); number * group < rows;
       number += static_cast<std::size_t>(shares)) {
    const auto due =
        begin + std::chrono::duration_cast<Clock::duration>(interval * static_cast<double>(number));
    std::this_thread::sleep_until(due);
    send(number * group, std::min(rows, (number + 1) * group) - 1);
  }
}

void write_rows(const Latency& latency, const std::string& connection, int share, Departures& departures) {
  Connection writer{connection};
  keep_pace(latency, departures.size(), share, writers, [&](std::size_t first, std::size_t last) {
    postgres::Query insert{
        "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers) SELECT 'order', 'customer-' "
        "|| i % "
        "1000, 'OrderCreated', convert_to(rpad(i || ' ', 400, 'abc '), 'UTF8'), '{\"source\": \"shop\", "
        "\"tenant\": "
        "\"t\", \"traceparent\": \"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}' FROM "
        "generate_series($1, $2) i"};
    insert.bigint(static_cast<std::int64_t>(first)).bigint(static_cast<std::int64_t>(last));
    static_cast<void>(writer.run(insert));
    std::fill(departures.begin() + static_cast<std::ptrdiff_t>(first),
              departures.begin() + static_cast<std::ptrdiff_t>(last) + 1, Clock::now());
  });
}

void produce_records(const Latency& latency, const std::string& bootstrap, const std::string& name,
                     Departures& departures) {
  const int event_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  kafka::Producer producer{{.properties = {{"bootstrap.servers", bootstrap}}}, event_fd};
  const kafka::TopicHandle topic = producer.make_topic(name);
  std::vector<std::string> values(departures.size());
  for (std::size_t number = 0; number < values.size(); ++number) {
    values[number] = std::to_string(number) + ' ';
    values[number].resize(value_bytes, 'x');
  }
  keep_pace(latency, departures.size(), 0, 1, [&](std::size_t first, std::size_t last) {
    while (producer.poll()) continue;
    for (std::size_t number = first; number <= last; ++number) {
      departures[number] = Clock::now();
      kafka::Record record{.topic = topic.get(),
                           .partition = static_cast<std::int32_t>(number % Topic::partitions),
                           .value = values[number],
                           .headers = kafka::HeadersHandle{rd_kafka_headers_new(0)}};
      if (const auto error = producer.produce(std::move(record)))
        throw std::runtime_error(rd_kafka_error_string(error.get()));
    }
  });
  rd_kafka_flush(producer.client(), 1000);
  producer.disarm();
  ::close(event_fd);
}

Measures quantiles(const Latency& latency, const Departures& departures, const Arrivals& arrivals) {
  const auto ignored = static_cast<std::size_t>(ignored_at_start.count() * latency.rows_per_second);
  std::vector<double> ms;
  for (std::size_t number = ignored; number < departures.size(); ++number) {
    ms.push_back(
        std::chrono::duration<double, std::milli>(arrivals.times()[number] - departures[number]).count());
  }
  std::ranges::sort(ms);
  const auto quantile = [&ms](double share) {
    return ms[static_cast<std::size_t>(std::ceil(share * static_cast<double>(ms.size()))) - 1];
  };
  return {{"p50_ms", quantile(0.5)}, {"p99_ms", quantile(0.99)}};
}

void await_all(const Arrivals& arrivals, std::size_t rows) {
  if (!testing::eventually([&] { return arrivals.count() >= rows; }, std::chrono::seconds{60}))
    throw std::runtime_error("only " + std::to_string(arrivals.count()) + " records arrived");
}

Measures through_relay(Lab& lab, const Latency& latency, std::size_t rows) {
  const Databases::Copy copy{lab.databases, Backlog{}};
  const Topic topic{lab.broker};
  const Arrivals arrivals{lab.broker.bootstrap(), topic.name(), Topic::partitions, rows};
  Running running{Contender::relay,
                  {.connection = copy.connection(),
                   .bootstrap = lab.broker.bootstrap(),
                   .topic = topic.name(),
                   .relay_options = latency.relay_options}};
  running.await_lead();
  Departures departures(rows);
  {
    std::vector<std::future<void>> written;
    for (int share = 0; share < writers; ++share) {
      written.push_back(std::async(std::launch::async, [&, share] {
        write_rows(latency, copy.watching_connection(), share, departures);
      }));
    }
    for (auto& writer : written) writer.get();
  }
  await_all(arrivals, rows);
  Measures measures = quantiles(latency, departures, arrivals);
  measures["own_mean_ms"] = running.metric("end_to_end_duration_seconds_sum") * 1000 /
                            running.metric("end_to_end_duration_seconds_count");
  running.finish();
  return measures;
}

Measures through_broker(Lab& lab, const Latency& latency, std::size_t rows) {
  const Topic topic{lab.broker};
  const Arrivals arrivals{lab.broker.bootstrap(), topic.name(), Topic::partitions, rows};
  Departures departures(rows);
  produce_records(latency, lab.broker.bootstrap(), topic.name(), departures);
  await_all(arrivals, rows);
  return quantiles(latency, departures, arrivals);
}

}  // namespace

Measures run_latency(Lab& lab, const Latency& latency) {
  const auto rows =
      static_cast<std::size_t>(latency.rows_per_second * (latency.duration + ignored_at_start).count());
  return latency.way == Latency::Way::relay ? through_relay(lab, latency, rows)
                                            : through_broker(lab, latency, rows);
}

}  // namespace outbox_relay::bench
