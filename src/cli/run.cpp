#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <utility>
#include <variant>

#include "cli/build_info.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/daemon.h"
#include "cli/exit_code.h"
#include "cli/mapping.h"
#include "http/address.h"
#include "kafka/version.h"

namespace outbox_relay::cli {

int run(const RunOptions& options) {
  // Until the daemon takes it: it must not end a process that reads the file just now, nor be lost.
  sigset_t hang_up;
  sigemptyset(&hang_up);
  sigaddset(&hang_up, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &hang_up, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a closed connection is an error to be handled where it is met
  auto loaded = load_config(options.config_file);
  if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
    std::cerr << config::to_text(*problems);
    return exit_configuration;
  }
  auto& config = std::get<config::Config>(loaded);
  telemetry::Log log{to_log_options(config.log)};
  using telemetry::Message;
  log.say<Message::starts>(program_version(), program_revision(), config.outboxes.size());
  if (const auto fault = kafka::version_warning()) log.say<Message::librdkafka_has_fault>(*fault);
  try {
    Daemon daemon{options.config_file, std::move(config), log,
                  telemetry::read_systemd_settings(std::getenv, getpid())};
    pthread_sigmask(SIG_UNBLOCK, &hang_up, nullptr);
    return daemon.run();
  } catch (const http::ListenError& error) {
    log.say<Message::cannot_listen>(error.what(), error.hint());
    return exit_unavailable;
  }
}

}  // namespace outbox_relay::cli
