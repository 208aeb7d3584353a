#include "support/server_script.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/process.h"

namespace outbox_relay::testing {
namespace {

/// Includes fetching Kafka, the first time.
constexpr std::chrono::minutes longest_start{5};

std::string output_of(const std::vector<std::string>& command) {
  const auto finished = run(command, {}, longest_start);
  if (finished.code != 0) throw std::runtime_error(finished.errors);
  return finished.output;
}

}  // namespace

std::filesystem::path make_temporary_directory(const std::string& name) {
  auto pattern =
      (std::filesystem::temp_directory_path() / ("outbox-relay-test-" + name + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "mkdtemp " + pattern);
  }
  return pattern;
}

ServerScript::ServerScript(std::string name)
    : name_{std::move(name)}, directory_{make_temporary_directory(name_)} {}

ServerScript::~ServerScript() {
  try {
    run(name_ == "postgres" ? "stop" : "kill",
        name_ == "postgres" ? std::vector<std::string>{"immediate"} : std::vector<std::string>{});
    std::filesystem::remove_all(directory_);
  } catch (const std::exception& error) {
    std::cerr << "the throw-away server in " << directory_ << " was not removed: " << error.what() << '\n';
  }
}

void ServerScript::start(const std::vector<std::string>& settings, const std::vector<std::string>& options) {
  launch({"start", directory_.string()}, settings, options);
}

void ServerScript::start_as_standby_of(const ServerScript& primary,
                                       const std::vector<std::string>& settings) {
  launch({"standby", directory_.string(), primary.directory_.string()}, settings, {});
}

void ServerScript::launch(const std::vector<std::string>& verb, const std::vector<std::string>& settings,
                          const std::vector<std::string>& options) {
  std::vector<std::string> command{OUTBOX_RELAY_TEST_SERVERS "/" + name_};
  command.insert(command.end(), verb.begin(), verb.end());
  command.insert(command.end(), {"--owner", std::to_string(::getpid()), "--temporary"});
  command.insert(command.end(), options.begin(), options.end());
  for (const auto& setting : settings) command.insert(command.end(), {"-c", setting});
  std::istringstream lines{output_of(command)};
  for (std::string line; std::getline(lines, line);) {
    const auto equals = line.find('=');
    variables_[line.substr(0, equals)] = line.substr(equals + 1);
  }
}

void ServerScript::run(const std::string& verb, const std::vector<std::string>& arguments) const {
  std::vector<std::string> command{OUTBOX_RELAY_TEST_SERVERS "/" + name_, verb, directory_.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  static_cast<void>(output_of(command));
}

const std::string& ServerScript::variable(const std::string& name) const {
  return variables_.at(name);
}

}  // namespace outbox_relay::testing
