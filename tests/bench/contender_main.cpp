// One contender's run, a process of its own so that its CPU time and memory are measured like the relay's.
// Like the relay it stays until SIGTERM, so that both can be read when the work is done.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include "contender.h"

namespace {

using namespace outbox_relay::bench;

void run(const std::string& kind, const Task& task) {
  if (kind == "limit") return run_limit(task);
  if (kind == "usual-loop") return run_usual_loop(task);
  const std::map<std::string, double (*)(const Task&)> ends{{"fetch-only", run_fetch_only},
                                                            {"publish-only", run_publish_only},
                                                            {"complete-only", run_complete_only}};
  std::cout << ends.at(kind)(task) << std::endl;
}

/// Before the first thread is made, which inherits it.
sigset_t block_termination() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Relays the rows of public.outbox, as barely as can be; see README.md beside the source"};
  std::string kind;
  std::string completion;
  Task task;
  app.add_option("kind", kind)
      ->required()
      ->check(CLI::IsMember({"limit", "usual-loop", "fetch-only", "publish-only", "complete-only"}));
  app.add_option("--connection", task.connection)->required();
  app.add_option("--bootstrap", task.bootstrap)->required();
  app.add_option("--topic", task.topic)->required();
  app.add_option("--completion", completion)->required()->check(CLI::IsMember({"mark", "delete"}));
  app.add_option("--rows", task.rows, "how many are pending")->required();
  CLI11_PARSE(app, argc, argv);
  task.completion = completion == "mark" ? Completion::mark : Completion::remove;
  const sigset_t termination = block_termination();
  try {
    run(kind, task);
    int signal = 0;
    ::sigwait(&termination, &signal);
  } catch (const std::exception& error) {
    std::cerr << kind << ": " << error.what() << '\n';
    return 1;
  }
}
