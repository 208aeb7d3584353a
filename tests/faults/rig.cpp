#include "rig.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "recorder.h"

namespace outbox_relay::testing {
namespace {

/// What a relay may grow by in a run; a leak of one a fault is more.
constexpr double spare_descriptors = 12;
constexpr double spare_threads = 8;
/// in_flight_bytes (32 MiB), twice, and what the libraries keep.
constexpr double most_resident_bytes = 256.0 * 1024 * 1024;

std::uint64_t choose_seed() {
  if (const char* given = std::getenv("OUTBOX_RELAY_SEED")) return std::stoull(given);
  return std::random_device{}();
}

const char* program() {
  const char* other = std::getenv("OUTBOX_RELAY_PROGRAM");
  return other != nullptr ? other : OUTBOX_RELAY_PROGRAM;
}

/// Of rows that are parked: for themselves, or behind another one.
constexpr const char* is_refused = "last_error NOT LIKE 'behind %'";
constexpr const char* is_held = "last_error LIKE 'behind %'";

std::string next_database() {
  static std::atomic<int> number = 0;
  return "faults_" + std::to_string(++number);
}

}  // namespace

milliseconds fault_time() {
  const char* given = std::getenv("OUTBOX_RELAY_FAULT_SECONDS");
  return seconds{given != nullptr ? std::stoi(given) : 4};
}

Rig::Rig(Setup setup)
    : setup_{std::move(setup)}, seed_{choose_seed()}, dice_{seed_}, database_{next_database()} {
  if (setup_.world == nullptr) setup_.world = &shared_world();
  primary_ = &setup_.world->postgres;
  std::cout << setup_.scenario << ": OUTBOX_RELAY_SEED=" << seed_ << std::endl;
  primary_->create_database(database_);
  for (const char* file : {"outbox.sql", "control.sql", "role.sql"}) {
    primary_->execute_file(std::filesystem::path{OUTBOX_RELAY_SQL} / file, database_);
  }
  execute(Workload::tables_sql(setup_.workload));
  if (setup_.has_topic) create_topic();
  if (setup_.has_dead_letters) setup_.world->kafka.create_topic(dead_letter_topic(), setup_.partitions);
}

Rig::~Rig() {
  // A scenario that failed half way must not leave a bad network to the next one.
  setup_.world->to_postgres.mend();
  setup_.world->to_kafka.mend();
}

void Rig::create_topic() {
  setup_.world->kafka.create_topic(topic(), setup_.partitions, setup_.topic_config);
}

std::string Rig::topic() const {
  return database_ + '.' + std::string{Workload::aggregate};
}

std::string Rig::configuration() const {
  const std::string password = setup_.password_file.empty()
                                   ? " password=" + primary_->password() + '"'
                                   : "\"\n  password_file: " + setup_.password_file.string();
  const std::string hosts = setup_.postgres_hosts.empty()
                                ? "host=127.0.0.1 port=" + setup_.world->to_postgres.port()
                                : setup_.postgres_hosts;
  std::ostringstream text;
  text << "postgres:\n  connection: \"" << hosts << " dbname=" << database_ << " user=outbox_relay"
       << password << "\n  connect_timeout: 2s\n  statement_timeout: 4s\n"
       << "kafka:\n  properties:\n    bootstrap.servers: \"" << setup_.world->kafka.bootstrap() << "\"\n"
       << setup_.kafka_properties
       << "http: { listen: \"127.0.0.1:0\" }\nlog: { format: logfmt }\ndrain_timeout: 10s\n"
       << "outboxes:\n  - name: orders\n    table: public.outbox\n    topic: \"" << database_
       << ".{aggregatetype}\"\n    in_flight_rows: " << in_flight_rows
       << "\n    sample_interval: 500ms\n    stale_after: 3s\n"
       << setup_.outbox_options;
  if (setup_.allows_no_other_topic) text << "    allowed_topics: [\"" << topic() << "\"]\n";
  if (setup_.has_dead_letters)
    text << "    refused: dead_letter\n    dead_letter_topic: " << dead_letter_topic() << '\n';
  return text.str();
}

void Rig::begin() {
  start_relay();
  workload_ = std::make_unique<Workload>(writers_connection(), topic(), seed_, setup_.workload);
  if (!setup_.has_topic) return;
  if (lives_.size() > 1) look_at_leader();
  await_progress(200);
  before_ = resources();
}

std::string Rig::writers_connection() const {
  const std::string patience = " connect_timeout=5";
  if (setup_.writers_hosts.empty()) return connection_string() + patience;
  return setup_.writers_hosts + " dbname=" + database_ + " user=postgres password=" + primary_->password() +
         " target_session_attrs=read-write" + patience;
}

void Rig::start_relay(const Conditions& conditions) {
  lives_.push_back({lives_.size() + 1, std::make_unique<RelayProgram>(
                                           program(), configuration(),
                                           RelayProgram::Surroundings{.environment = conditions.environment,
                                                                      .wrapper = setup_.wrapper})});
}

void Rig::await_crash() {
  ++crashes_;
  lives_.back().was_ended = true;
  expect(relay().process().wait(setup_.conditions.recovery_limit) == 128 + SIGKILL,
         "no crash where one was asked for");
}

void Rig::kill_relay() {
  ++crashes_;
  lives_.back().was_ended = true;
  relay().process().signal(SIGKILL);
  if (!relay().process().wait()) throw std::runtime_error("the relay outlived SIGKILL");
}

int Rig::stop_relay(std::optional<milliseconds> second_after) {
  redelivered_ += metric("records_redelivered_total");
  lives_.back().was_ended = true;
  relay().process().signal(SIGTERM);
  if (second_after && !relay().process().wait(*second_after)) relay().process().signal(SIGTERM);
  const auto code = relay().process().wait();
  if (!code) throw std::runtime_error("the relay does not end");
  if (*code != 0) ++crashes_;
  return *code;
}

int Rig::pending() const {
  return std::stoi(value("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND parked_at IS NULL"));
}

std::size_t Rig::parked_rows(const std::string& condition) const {
  return std::stoull(value("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL AND " + condition));
}

Finished Rig::command(std::vector<std::string> command, const std::vector<std::string>& options) {
  std::string told;
  for (const std::string& word : command) told += ' ' + word;
  command.insert(command.begin(), program());
  command.insert(command.end(), {"-c", relay().config_file().string(), "--outbox", "orders"});
  command.insert(command.end(), options.begin(), options.end());
  Finished finished = run(command);
  pages_ += finished.output + finished.errors;
  expect(finished.code == 0,
         "outbox-relay" + told + " ended with " + std::to_string(finished.code) + ": " + finished.errors);
  return finished;
}

void Rig::look_at_leader() {
  const auto leads = [](const Life& life) {
    return !life.was_ended && !life.is_paused && life.program->process().is_running() &&
           life.program->metric_of("orders", "leader") == 1;
  };
  const bool is_led = eventually(
      [&] {
        const auto leader = std::ranges::find_if(lives_, leads);
        if (leader == lives_.end()) return false;
        std::rotate(leader, leader + 1, lives_.end());
        return true;
      },
      setup_.conditions.recovery_limit);
  expect(is_led, "no relay leads");
}

void Rig::pause_relay() {
  ++crashes_;
  lives_.back().is_paused = true;
  relay().process().signal(SIGSTOP);
}

void Rig::resume_relays() {
  for (Life& life : lives_) {
    if (std::exchange(life.is_paused, false)) life.program->process().signal(SIGCONT);
  }
}

void Rig::note_takeover(const std::string& fault_at) {
  takeover_seconds_.push_back(std::stod(
      value("SELECT extract(epoch FROM max(silence)) FROM (SELECT sent_at - lag(sent_at) OVER (ORDER BY "
            "sent_at) AS silence FROM outbox WHERE sent_at > timestamptz '" +
            fault_at + "' - interval '1 s') s")));
}

void Rig::let_run(milliseconds duration) {
  std::this_thread::sleep_for(duration);
}

void Rig::keep_on(const std::function<void()>& action) {
  const auto end = std::chrono::steady_clock::now() + fault_time();
  while (std::chrono::steady_clock::now() < end) action();
}

void Rig::await_progress(int records) {
  const double wanted = metric("records_published_total") + records;
  if (!eventually([&] { return metric("records_published_total") >= wanted; },
                  setup_.conditions.recovery_limit)) {
    findings_.emplace_back("no progress although nothing was wrong");
  }
}

void Rig::expect(bool is_kept, const std::string& finding) {
  if (!is_kept) findings_.push_back(finding);
}

Rig::Resources Rig::resources() const {
  const auto value_of = [&](const char* series) {
    const auto value = lives_.back().program->metric(series);
    if (!value) throw std::runtime_error(std::string{"no metric "} + series);
    return *value;
  };
  return {.resident_bytes = value_of("process_resident_memory_bytes"),
          .descriptors = value_of("process_open_fds"),
          .threads = value_of("process_threads")};
}

Report Rig::conclude() {
  workload_->stop();
  if (lives_.size() > 1) look_at_leader();
  settle();
  end_relays();
  const Facts facts = collect_facts();
  const Verdict verdict = verify(facts, allowance());
  check_metrics(verdict.counts.records);
  check_secrets();
  const Report result = report(verdict);
  std::cout << to_json(result) << std::endl;
  keep(result);
  return result;
}

/// The fault is over: everything flows again, and the relay says so.
void Rig::settle() {
  const auto began = std::chrono::steady_clock::now();
  is_relayed_ = eventually([&] { return pending() == 0 || !relay().process().is_running(); },
                           setup_.conditions.recovery_limit);
  recovery_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (!relay().process().is_running()) return;
  if (!is_relayed_) return check_honesty();
  expect(eventually([&] { return metric("backlog_rows") == 0 && metric("in_flight_rows") == 0; }),
         "the metrics show a backlog that is not there");
  expect(eventually([&] {
           return metric("parked_rows") == static_cast<double>(parked_rows(is_refused)) &&
                  metric("held_rows") == static_cast<double>(parked_rows(is_held));
         }),
         "the metrics show other parked rows than there are");
  expect(eventually([&] { return relay().get("/readyz").status == 200; }), "not ready although all is well");
  expect(relay().get("/livez").status == 200, "not alive although all is well");
  check_resources();
  published_ = metric("records_published_total");
  pages_ += relay().get("/metrics").body + relay().get("/readyz?verbose").body + relay().get("/").body;
}

/// Rows are stuck: then at least the relay has to say so.
void Rig::check_honesty() {
  findings_.push_back(std::to_string(pending()) + " rows pending long after the fault");
  expect(metric("backlog_rows") > 0, "backlog_rows is 0 although rows are pending");
  expect(relay().get("/readyz").status == 503, "ready although rows are stuck");
}

void Rig::check_resources() {
  const Resources now = resources();
  const auto told = [](const char* what, double then, double now_it_is) {
    return std::string{what} + " grew from " + std::to_string(static_cast<long>(then)) + " to " +
           std::to_string(static_cast<long>(now_it_is));
  };
  expect(now.resident_bytes <= most_resident_bytes,
         told("resident memory", before_.resident_bytes, now.resident_bytes));
  if (!setup_.has_topic) return;  // then there was no moment to compare with
  expect(now.descriptors <= before_.descriptors + spare_descriptors,
         told("open descriptors", before_.descriptors, now.descriptors));
  expect(now.threads <= before_.threads + spare_threads, told("threads", before_.threads, now.threads));
}

/// Standbys last: nothing is left for them to do.
void Rig::end_relays() {
  resume_relays();
  for (const Life& life : lives_) {
    const auto code = life.was_ended ? std::nullopt : life.program->process().wait(milliseconds{0});
    if (code) findings_.push_back("the relay ended by itself with code " + std::to_string(*code));
  }
  std::for_each(lives_.rbegin(), lives_.rend(), [this](Life& life) { end(life); });
}

void Rig::end(Life& life) {
  RelayProgram& relay = *life.program;
  if (!relay.process().is_running()) return;
  redelivered_ += relay.metric_of("orders", "records_redelivered_total");
  relay.process().signal(SIGTERM);
  const auto code = relay.process().wait();
  if (!code) findings_.emplace_back("the relay does not end");
  if (code && *code != 0 && is_relayed_)
    findings_.push_back("the last stop was no drained one: " + std::to_string(*code));
  if (!code) relay.process().signal(SIGKILL);
}

Facts Rig::collect_facts() const {
  Facts facts;
  facts.attempts = workload_->attempts();
  for (const auto& row :
       primary_->query("SELECT message_id, topic, key, version, payload, headers FROM ledger", database_)) {
    facts.ledger.push_back({*row[0], *row[1], row[2], std::stoll(*row[3]), *row[4], *row[5]});
  }
  const std::string rows = std::string{"SELECT message_id, sent_at IS NOT NULL, parked_at IS NOT NULL, "} +
                           is_held + " FROM outbox";
  for (const auto& row : primary_->query(rows, database_)) {
    facts.rows[*row[0]] = row[1] == "t"   ? RowState::completed
                          : row[2] != "t" ? RowState::pending
                          : row[3] == "t" ? RowState::held
                                          : RowState::parked;
  }
  facts.flawed = workload_->flawed();
  facts.discarded = discarded_;
  if (setup_.has_dead_letters) {
    facts.dead_letter_topic = dead_letter_topic();
    facts.records[dead_letter_topic()] = record_topic(setup_.world->kafka, dead_letter_topic());
  }
  facts.records[topic()] = record_topic(setup_.world->kafka, topic());
  facts.partitions[topic()] = setup_.partitions;
  return facts;
}

/// A crash may repeat what was in flight; without one only what the relay says it repeated.
Allowance Rig::allowance() const {
  Allowance result = allowance_;
  result.duplicates = crashes_ * in_flight_rows + static_cast<std::size_t>(redelivered_);
  result.stale_replays = result.duplicates;
  return result;
}

/// What the relay counted, where it can be known: in a single life.
void Rig::check_metrics(std::size_t records) {
  if (!published_ || lives_.size() > 1) return;
  const auto least = static_cast<std::size_t>(*published_);
  const auto most = static_cast<std::size_t>(*published_ + redelivered_);
  if (records >= least && records <= most) return;
  findings_.push_back(std::to_string(records) + " records, but the relay counted " + std::to_string(least) +
                      " acks, and " + std::to_string(most - least) + " redelivered");
}

void Rig::check_secrets() {
  std::string seen = pages_;
  for (const Life& life : lives_) seen += life.program->log() + life.program->process().output();
  const auto is_seen = [&seen](std::string_view secret) { return seen.find(secret) != std::string::npos; };
  expect(!is_seen(primary_->password()) && std::ranges::none_of(secrets_, is_seen),
         "a log or page shows a password");
  expect(!is_seen(Workload::canary), "a log or page shows a key or a payload");
}

std::filesystem::path Rig::run_directory() const {
  return std::filesystem::path{OUTBOX_RELAY_FAULT_RUNS} / setup_.scenario;
}

Report Rig::report(const Verdict& verdict) const {
  Report result{.scenario = setup_.scenario,
                .environment = setup_.conditions.environment,
                .seed = seed_,
                .verdict = verdict,
                .findings = verdict.findings,
                .crashes = crashes_,
                .redelivered = static_cast<std::size_t>(redelivered_),
                .recovery_seconds = recovery_seconds_,
                .takeover_seconds = takeover_seconds_};
  result.findings.insert(result.findings.end(), findings_.begin(), findings_.end());
  return result;
}

/// Beside the log of each life.
void Rig::keep(const Report& report) const {
  std::filesystem::create_directories(run_directory());
  std::ofstream{run_directory() / "faults.jsonl", std::ios::app} << to_json(report) << '\n';
  for (const Life& life : lives_) {
    std::ofstream{run_directory() / ("relay-" + std::to_string(life.number) + ".log")} << life.program->log();
  }
}

}  // namespace outbox_relay::testing
