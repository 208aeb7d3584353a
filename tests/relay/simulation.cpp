#include "simulation.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "relay/quiet_probe.h"
#include "simulated_source.h"

namespace outbox_relay::simulation {

namespace {

constexpr core::Bytes window_bytes{6000};
constexpr std::size_t window_rows = 40;
constexpr std::size_t largest_row = 9000;
constexpr const char* dead_letters = "dead-letters";

core::PlanSettings settings(const Simulation::Options& options) {
  core::PlanSettings result;
  result.limits = {.rows = window_rows, .bytes = window_bytes};
  result.page_rows = 8;
  result.poll_interval = std::chrono::milliseconds{100};
  result.full_scan_interval = std::chrono::milliseconds{2000};
  if (options.with_notifications) result.poll_interval = std::chrono::seconds{60};
  result.wait_for_flush = options.wait_for_flush;
  result.completions_flush = !options.completes_asynchronously;
  result.refused = options.refused;
  if (options.refused == core::OnRefusal::dead_letter) result.dead_letter_topic = dead_letters;
  return result;
}

core::Routing routing() {
  core::Routing result;
  result.columns = {"topic"};
  result.topic = core::Template{{std::string{"topic-"}, std::size_t{0}}};
  return result;
}

}  // namespace

class Simulation::CountingProbe : public relay::QuietProbe {
 public:
  void fetched(core::PollCause, std::size_t, std::size_t late) override { late_rows += late; }

  std::size_t late_rows = 0;
};

/// One life of the relay, from its start to its drained end or its kill.
struct Simulation::Process {
  explicit Process(Simulation& world)
      : source(io, world),
        sink(io, world.timeline_, world.dice_, world.kafka_),
        clock(io, world.timeline_, world.dice_),
        pipeline(settings(world.options_), world.routing_, source, sink, clock, probe) {
    boost::asio::co_spawn(io, pipeline.run(), [this](std::exception_ptr failure, bool settled) {
      if (failure) std::rethrow_exception(failure);
      ended_settled = settled;
    });
  }

  boost::asio::io_context io{1};
  CountingProbe probe;
  Source source;
  SimulatedSink sink;
  SimulatedClock clock;
  relay::Pipeline pipeline;
  std::optional<bool> ended_settled;
};

Simulation::Simulation(std::uint64_t seed, Options options)
    : options_(options),
      dice_(seed),
      routing_(routing()),
      database_(timeline_, dice_, options.uses_sequence, !options.wait_for_flush) {}

Simulation::~Simulation() {
  if (process_) kill_process();
}

std::optional<std::string> Simulation::run() {
  kafka_.is_moody = options_.with_bad_rows;
  kafka_.loses_last_answers_only = options_.repeats_in_order;
  // A table with a history: rows of an earlier life, some of them sent by hand.
  for (auto rows = dice_.below(30); rows > 0; --rows) database_.begin_and_insert();
  if (dice_.chance(0.5)) database_.end_all_writers();
  start_process();
  for (int at = 0; at < options_.steps && !broken_promise_; ++at) {
    do_something();
    for (auto steps = dice_.below(40); steps > 0 && step();) --steps;
  }
  if (!broken_promise_) run_until_relayed();
  if (!broken_promise_) drain();
  if (!broken_promise_) {  // what a drained process left in the table is the next one's
    lost_answers_ += process_->sink.lost_answers();
    process_.reset();
    start_process();
    run_until_relayed();
  }
  if (!broken_promise_ && options_.repeats_in_order && !ends_with_latest_records())
    break_promise("the last record of a key is a repeated one that later ones should have followed");
  return broken_promise_;
}

void Simulation::start_process() {
  process_ = std::make_unique<Process>(*this);
  process_->io.poll();
}

void Simulation::kill_process() {
  excuses_ += 1;
  lost_answers_ += process_->sink.lost_answers();
  process_->sink.be_killed();
  // The coroutines die with their io_context, before what they refer to.
  process_->io.stop();
  process_.reset();
}

// Of all that is in flight when a session begins.
void Simulation::expect_repeats() {
  forgotten_ += process_->pipeline.plan().window().rows();
}

// Of a commit, or of nothing at all.
void Simulation::notify() {
  if (dice_.chance(0.2)) return;
  const bool is_late = dice_.chance(0.2);
  timeline_.in(dice_.delay(20, is_late ? 3'000'000 : 3000), [this] { process_->source.notify(); });
}

void Simulation::do_something() {
  if (options_.with_notifications && dice_.chance(0.1)) notify();
  if (options_.with_faults && dice_.chance(0.08)) return cause_trouble();
  if (options_.with_bad_rows && dice_.chance(0.05)) return operate();
  switch (dice_.below(4)) {
    case 0:
    case 1:
      database_.begin_and_insert();
      break;
    case 2:
      database_.end_a_writer();
      if (options_.with_notifications) notify();
      break;
    default:
      if (dice_.chance(0.3)) database_.flush();
      break;
  }
}

void Simulation::cause_trouble() {
  const std::string topic = "topic-" + std::to_string(dice_.below(3));
  switch (dice_.below(12)) {
    case 0:
      process_->source.lose_connection();
      break;
    case 1:
      database_.crash();
      process_->source.lose_connection();
      break;
    case 2:
      process_->sink.break_producer();
      break;
    case 3:
      process_->sink.lose_topic(topic);
      break;
    case 4:
    case 5:
    case 6:
      heal_kafka();
      break;
    case 7:
      kafka_.denied_topics.insert(topic);
      break;
    case 8:
      kafka_.silent_partitions.insert({topic, static_cast<std::int32_t>(dice_.below(2))});
      break;
    case 9:
      database_.shuffle_places();
      break;
    case 10:
      process_->source.lock_refused(dice_.delay(100'000, 3'000'000));
      break;
    default:
      kill_process();
      start_process();
      break;
  }
}

void Simulation::heal_kafka() {
  kafka_.missing_topics.clear();
  kafka_.denied_topics.clear();
  kafka_.silent_partitions.clear();
  process_->sink.hear();
}

// Somebody looks at the parked rows: mends what made one bad, gives one up, or just tries again.
void Simulation::operate() {
  const auto refused = database_.refused();
  if (refused.empty()) return;
  const core::RowId id = refused[dice_.below(refused.size())];
  const Message& message = database_.rows().at(id).message;
  switch (dice_.below(3)) {
    case 0:
      database_.requeue(id);
      break;
    case 1:
      kafka_.bad_messages.erase(message.id);
      database_.requeue(id);
      break;
    default:
      left_out_.emplace("key-" + std::to_string(message.key), message.version);
      database_.discard(id);
      break;
  }
}

bool Simulation::step() {
  if (!timeline_.step()) return false;
  process_->io.restart();
  process_->io.poll();
  check();
  return !broken_promise_;
}

void Simulation::check() {
  const bool is_calm = process_->sink.is_calm;
  for (; options_.with_bad_rows && !is_calm && last_message_ < database_.messages(); ++last_message_) {
    if (!dice_.chance(0.03)) continue;
    const std::string message = "m" + std::to_string(last_message_ + 1);
    kafka_.bad_messages.insert(message);
    if (dice_.chance(0.3)) kafka_.unexplained_messages.insert(message);
    refused_once_.insert(message);
  }
  for (; checked_records_ < kafka_.log.size(); ++checked_records_) check_record(kafka_.log[checked_records_]);
  if (!process_->sink.violation().empty()) break_promise(process_->sink.violation());
  const auto& window = process_->pipeline.plan().window();
  if (window.rows() > window_rows) break_promise("more rows in flight than the limit");
  if (window.bytes().count > std::max(window_bytes.count, largest_row))
    break_promise("more bytes in flight than the limit");
  if (process_->probe.late_rows > 0) break_promise("a row was found by the sweep alone");
}

void Simulation::check_record(const Record& record) {
  if (!database_.has_committed(record.message_id))
    return break_promise("published a message that was never committed");
  if (options_.wait_for_flush && !database_.is_durable(record.message_id)) {
    return break_promise("published a message that a crash could take back");
  }
  if (options_.repeats_in_order) check_succession(record);
  if (!consumed_.insert(record.message_id).second) {
    if (++repeats_ > excuses_ * window_rows + process_->sink.lost_answers() + lost_answers_ + forgotten_ +
                         database_.undone_completions())
      break_promise("published a message twice without a reason");
    return;
  }
  if (record.topic == dead_letters) left_out_.emplace(record.key, record.version);
  if (refused_once_.contains(record.message_id) && options_.refused == core::OnRefusal::dead_letter) return;
  if (record.key.empty() || record.topic == dead_letters) return;
  int& next = next_version_[record.key];
  while (next < record.version && may_be_left_out(record.key, next)) ++next;
  if (record.version != next) {
    return break_promise("order of " + record.key + ": version " + std::to_string(record.version) +
                         " came where " + std::to_string(next) + " was next");
  }
  ++next;
}

// Who keeps the latest record of each key has the right one in the end, repeats or not.
void Simulation::check_succession(const Record& record) {
  if (record.key.empty()) return;
  int& latest = latest_version_.try_emplace(record.key, -1).first->second;
  if (record.version > latest + 1) {
    break_promise("order of " + record.key + ": version " + std::to_string(record.version) +
                  " came behind a repeated " + std::to_string(latest));
  }
  latest = record.version;
}

bool Simulation::ends_with_latest_records() const {
  return std::ranges::all_of(latest_version_, [this](const auto& latest) {
    return latest.second + 1 == next_version_.at(latest.first);
  });
}

// Nobody waits for what was discarded, or goes to the dead letter topic.
bool Simulation::may_be_left_out(const std::string& key, int version) const {
  if (left_out_.contains({key, version})) return true;
  if (options_.refused != core::OnRefusal::dead_letter) return false;
  return std::ranges::any_of(database_.rows(), [&](const auto& row) {
    const Message& message = row.second.message;
    return message.version == version && "key-" + std::to_string(message.key) == key &&
           refused_once_.contains(message.id);
  });
}

void Simulation::run_until_relayed() {
  heal_kafka();
  kafka_.bad_messages.clear();
  process_->source.is_calm = true;
  process_->sink.is_calm = true;
  database_.end_all_writers();
  database_.flush();
  for (int steps = 0; steps < 200'000 && !broken_promise_; ++steps) {
    for (const core::RowId& id : database_.refused()) database_.requeue(id);
    if (database_.pending() == 0 && process_->pipeline.plan().window().empty()) return;
    step();
  }
  if (!broken_promise_)
    break_promise(std::to_string(database_.pending()) + " rows are still pending long after the last fault");
}

void Simulation::drain() {
  database_.begin_and_insert();
  database_.end_all_writers();
  database_.flush();
  for (auto steps = dice_.below(50); steps > 0 && step();) --steps;
  process_->pipeline.stop();
  process_->io.restart();
  process_->io.poll();
  for (int steps = 0; steps < 100'000 && !process_->ended_settled && !broken_promise_; ++steps) {
    if (!step()) break;
  }
  if (broken_promise_) return;
  if (process_->ended_settled != true) return break_promise("did not drain");
  for (const auto& [id, stored] : database_.rows()) {
    if (!stored.is_sent && consumed_.contains(stored.message.id))
      break_promise("drained, but an acknowledged row is pending");
  }
}

void Simulation::break_promise(const std::string& what) {
  if (!broken_promise_) broken_promise_ = what;
}

}  // namespace outbox_relay::simulation
