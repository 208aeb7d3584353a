#include "running.h"

#include <signal.h>

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <vector>

#include "databases.h"
#include "support/eventually.h"

namespace outbox_relay::bench {
namespace {

constexpr std::chrono::minutes longest_run{10};

std::string configuration(const Job& job) {
  std::ostringstream text;
  text << "postgres:\n  connection: \"" << job.connection << "\"\n"
       << "kafka:\n  properties:\n    bootstrap.servers: \"" << job.bootstrap << "\"\n"
       << "http: { listen: \"127.0.0.1:0\" }\nlog: { format: logfmt }\noutboxes:\n";
  for (std::size_t number = 0; number <= job.further_topics.size(); ++number) {
    text << "  - name: " << outbox_name(number) << "\n    table: " << table_name(number)
         << "\n    topic: " << (number == 0 ? job.topic : job.further_topics[number - 1])
         << "\n    completion: " << (job.completion == Completion::mark ? "mark" : "delete") << '\n'
         << job.relay_options;
  }
  return text.str();
}

std::vector<std::string> command(Contender contender, const Job& job) {
  return {OUTBOX_RELAY_CONTENDER,
          to_text(contender),
          "--connection=" + job.connection,
          "--bootstrap=" + job.bootstrap,
          "--topic=" + job.topic,
          std::string{"--completion="} + (job.completion == Completion::mark ? "mark" : "delete"),
          "--rows=" + std::to_string(job.rows)};
}

}  // namespace

std::string outbox_name(std::size_t number) {
  return number == 0 ? "orders" : "orders-" + std::to_string(number);
}

const char* to_text(Contender contender) {
  switch (contender) {
    case Contender::relay:
      return "relay";
    case Contender::limit:
      return "limit";
    case Contender::usual_loop:
      return "usual-loop";
    case Contender::fetch_only:
      return "fetch-only";
    case Contender::publish_only:
      return "publish-only";
    case Contender::complete_only:
      return "complete-only";
  }
  return "";
}

Running::Running(Contender contender, const Job& job) : contender_(contender) {
  if (contender == Contender::relay) {
    relay_ = std::make_unique<testing::RelayProgram>(OUTBOX_RELAY_PROGRAM, configuration(job));
  } else {
    process_.emplace(command(contender, job));
  }
}

const testing::Process& Running::process() const {
  return relay_ ? relay_->process() : *process_;
}

void Running::fail(int code) const {
  throw std::runtime_error(std::string{to_text(contender_)} + " ended with code " + std::to_string(code) +
                           ":\n" + process().errors());
}

void Running::check() const {
  const auto code = process().wait(std::chrono::milliseconds{0});
  if (code && (*code != 0 || contender_ == Contender::relay)) fail(*code);
}

void Running::await_lead() const {
  const bool leads = testing::eventually([this] {
    check();
    return metric("leader") == 1;
  });
  if (!leads) throw std::runtime_error("the relay does not begin:\n" + process().errors());
}

std::string Running::await_line() const {
  const bool is_written = testing::eventually(
      [this] {
        check();
        return process().output().ends_with('\n');
      },
      longest_run);
  if (!is_written) throw std::runtime_error(std::string{to_text(contender_)} + " does not come to its end");
  return process().output();
}

void Running::finish() {
  process().signal(SIGTERM);
  const auto code = process().wait(longest_run);
  if (!code) throw std::runtime_error(std::string{to_text(contender_)} + " does not end");
  if (*code != 0) fail(*code);
}

}  // namespace outbox_relay::bench
