#include <algorithm>
#include <chrono>
#include <list>
#include <stdexcept>
#include <vector>

#include "contender.h"
#include "postgres/binary.h"
#include "publisher.h"

namespace outbox_relay::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t completed_at_once = 2000;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The first rows of the backlog, at most as many as may be in flight.
std::list<Page> first_pages(const Task& task) {
  Connection connection{task.connection};
  const Outbox outbox{connection, task.completion};
  std::list<Page> pages;
  std::int64_t highest = 0;
  for (std::size_t rows = 0; rows < std::min(task.rows, in_flight_rows); rows += page_rows) {
    const Page& page = pages.emplace_back(connection.run(outbox.fetch(highest, page_rows)));
    highest = page.rows.back().id;
  }
  return pages;
}

}  // namespace

// The server is always at work on the next page.
double run_fetch_only(const Task& task) {
  Connection connection{task.connection};
  pin_plans(connection, false);
  const Outbox outbox{connection, task.completion};
  const auto begin = Clock::now();
  std::size_t rows = 0;
  connection.send(outbox.fetch(0, page_rows));
  while (rows < task.rows) {
    const postgres::Result result = connection.receive();
    if (result.rows() == 0) throw std::runtime_error("there are fewer rows");
    connection.send(outbox.fetch(result.bigint(result.rows() - 1, column::id), page_rows));
    const Page page{result};
    rows += page.rows.size();
  }
  return seconds_since(begin);
}

// The same rows again and again: each as soon as it was acknowledged.
double run_publish_only(const Task& task) {
  std::list<Page> pages = first_pages(task);
  std::vector<FetchedRow*> free;
  for (Page& page : pages) {
    for (FetchedRow& row : page.rows) free.push_back(&row);
  }
  Publisher publisher{task.bootstrap, task.topic};
  const auto begin = Clock::now();
  std::size_t published = 0;
  for (std::size_t done = 0; done < task.rows;) {
    for (FetchedRow* row : free) {
      if (published == task.rows) break;
      publisher.publish(*row);
      ++published;
    }
    free.clear();
    publisher.wait();
    publisher.collect(free);
    done += free.size();
  }
  return seconds_since(begin);
}

double run_complete_only(const Task& task) {
  Connection connection{task.connection};
  pin_plans(connection, true);
  const Outbox outbox{connection, task.completion};
  std::vector<FetchedRow> rows;
  {
    const postgres::Result places =
        connection.run(postgres::Query{"SELECT id, ctid FROM public.outbox ORDER BY id"});
    for (int number = 0; number < places.rows(); ++number) {
      FetchedRow& row = rows.emplace_back();
      row.id = places.bigint(number, column::id);
      postgres::read_place(places.bytes(number, column::place), row.place);
    }
  }
  std::vector<const FetchedRow*> batch;
  const auto begin = Clock::now();
  for (const FetchedRow& row : rows) {
    batch.push_back(&row);
    if (batch.size() < completed_at_once && &row != &rows.back()) continue;
    if (connection.run(outbox.complete(batch)).affected() != batch.size())
      throw std::runtime_error("a row was not completed");
    batch.clear();
  }
  return seconds_since(begin);
}

}  // namespace outbox_relay::bench
