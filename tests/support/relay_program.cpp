#include "support/relay_program.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "support/eventually.h"

namespace outbox_relay::testing {
namespace {

std::filesystem::path unique_config_file() {
  static std::atomic<int> number = 0;
  return std::filesystem::temp_directory_path() /
         ("outbox-relay-" + std::to_string(::getpid()) + '-' + std::to_string(++number) + ".yaml");
}

}  // namespace

RelayProgram::RelayProgram(const std::string& program, const std::string& configuration,
                           const Surroundings& surroundings)
    : config_file_{unique_config_file()} {
  std::ofstream(config_file_, std::ios::binary) << configuration;
  std::vector<std::string> command = surroundings.wrapper;
  command.insert(command.end(), {program, "run", "-c", config_file_.string()});
  process_.emplace(command, surroundings.environment);
}

RelayProgram::~RelayProgram() {
  std::filesystem::remove(config_file_);
}

bool RelayProgram::reload(const std::string& configuration) {
  if (!eventually([this] { return !address().empty(); })) return false;  // it has read the first one
  const auto taken = [this] { return log_lines_with("configuration reloaded"); };
  const auto refused = [this] { return log_lines_with("the configuration in force stays"); };
  const auto taken_before = taken(), refused_before = refused();
  const std::filesystem::path next = config_file_.string() + ".next";
  std::ofstream(next, std::ios::binary) << configuration;
  std::filesystem::rename(next, config_file_);
  process_->signal(SIGHUP);
  return eventually([&] { return taken() > taken_before || refused() > refused_before; }) &&
         taken() > taken_before;
}

std::size_t RelayProgram::log_lines_with(std::string_view text) const {
  const std::string all = log();
  std::size_t count = 0;
  for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++count;
  return count;
}

std::string RelayProgram::address() const {
  static constexpr std::string_view before = "address=";  // of the line "listening", the first that has one
  const std::string text = log();
  const auto at = text.find(before);
  if (at == std::string::npos) return {};
  const auto begin = at + before.size();
  return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

RelayProgram::Answer RelayProgram::get(const std::string& path) const {
  if (!eventually([this] { return !address().empty() || !process_->is_running(); })) return {};
  const auto answer = run({"curl", "--silent", "--max-time", "10", "--write-out", "\n%{http_code}",
                           "http://" + address() + path});
  const auto end = answer.output.rfind('\n');
  return {std::stoi(answer.output.substr(end + 1)), answer.output.substr(0, end)};
}

std::optional<double> RelayProgram::metric(const std::string& series) const {
  std::istringstream lines{get("/metrics").body};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return std::nullopt;
}

double RelayProgram::metric_of(const std::string& outbox, const std::string& family,
                               const std::string& further_labels) const {
  const std::string series = "outbox_relay_" + family + "{outbox=\"" + outbox + "\"" + further_labels + "}";
  const auto found = metric(series);
  if (!found) throw std::runtime_error("no series " + series);
  return *found;
}

}  // namespace outbox_relay::testing
