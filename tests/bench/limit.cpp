#include <poll.h>

#include <algorithm>
#include <list>
#include <stdexcept>
#include <vector>

#include "contender.h"
#include "publisher.h"

namespace outbox_relay::bench {
namespace {

/// A statement costs as much as some hundred rows do: fewer are completed only when nothing else is to come.
constexpr std::size_t least_completed_at_once = 500;
constexpr std::size_t most_completed_at_once = 2000;
constexpr int patience_ms = 30'000;

/// fetch ─▶ publish ─▶ acknowledged ─▶ complete, on one thread; a page is being fetched while the one before
/// is published, and acknowledged rows are completed meanwhile.
class Limit {
 public:
  explicit Limit(const Task& task)
      : fetching_(task.connection),
        completing_(task.connection),
        publisher_(task.bootstrap, task.topic),
        outbox_(fetching_, task.completion) {
    pin_plans(fetching_, false);
    pin_plans(completing_, true);
  }

  void run() {
    fetch_next();
    while (fetching_.is_waiting() || completing_.is_waiting() || rows_in_flight_ > 0) {
      wait();
      if (fetching_.is_waiting() && fetching_.is_ready()) take_page();
      publisher_.collect(acknowledged_);
      if (completing_.is_waiting() && completing_.is_ready()) take_completed();
      fetch_next();
      complete_next();
    }
  }

 private:
  void fetch_next() {
    if (is_at_end_ || fetching_.is_waiting()) return;
    if (rows_in_flight_ + page_rows > in_flight_rows || bytes_in_flight_ >= in_flight_bytes) return;
    fetching_.send(outbox_.fetch(highest_, page_rows));
  }

  void take_page() {
    Page& page = pages_.emplace_back(fetching_.receive());
    is_at_end_ = page.rows.size() < page_rows;
    rows_in_flight_ += page.rows.size();
    bytes_in_flight_ += page.bytes;
    if (!page.rows.empty()) highest_ = page.rows.back().id;
    fetch_next();  // the server works on it while this one is published
    for (FetchedRow& row : page.rows) publisher_.publish(row);
  }

  void complete_next() {
    if (completing_.is_waiting() || acknowledged_.empty()) return;
    const bool more_to_come = fetching_.is_waiting() || acknowledged_.size() < rows_in_flight_;
    if (acknowledged_.size() < least_completed_at_once && more_to_come) return;
    const auto count = std::min(acknowledged_.size(), most_completed_at_once);
    const auto end = acknowledged_.begin() + static_cast<std::ptrdiff_t>(count);
    being_completed_.assign(acknowledged_.begin(), end);
    acknowledged_.erase(acknowledged_.begin(), end);
    completing_.send(outbox_.complete(being_completed_));
  }

  void take_completed() {
    if (completing_.receive().affected() != being_completed_.size())
      throw std::runtime_error("a row was not completed");
    rows_in_flight_ -= being_completed_.size();
    for (FetchedRow* row : being_completed_) --row->page->unfinished;
    std::erase_if(pages_, [this](const Page& page) {
      if (page.unfinished > 0) return false;
      bytes_in_flight_ -= page.bytes;
      return true;
    });
  }

  void wait() {
    std::vector<pollfd> readable{{.fd = publisher_.event_fd(), .events = POLLIN, .revents = 0}};
    for (const Connection* connection : {&fetching_, &completing_}) {
      if (connection->is_waiting())
        readable.push_back({.fd = connection->socket(), .events = POLLIN, .revents = 0});
    }
    if (::poll(readable.data(), readable.size(), patience_ms) == 0) throw std::runtime_error("nothing moves");
  }

  Connection fetching_;
  Connection completing_;
  Publisher publisher_;
  Outbox outbox_;
  std::list<Page> pages_;
  std::vector<FetchedRow*> acknowledged_;
  std::vector<FetchedRow*> being_completed_;
  std::int64_t highest_ = 0;
  std::size_t rows_in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;
  bool is_at_end_ = false;
};

}  // namespace

void run_limit(const Task& task) {
  Limit{task}.run();
}

}  // namespace outbox_relay::bench
