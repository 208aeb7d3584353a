#include "processes.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace outbox_relay::bench {
namespace {

/// The fields of /proc/PID/stat (proc(5)) that matter here, in clock ticks.
struct Stat {
  pid_t parent = 0;
  double own = 0;
  double of_ended_children = 0;
};

std::optional<Stat> read_stat(const std::filesystem::path& directory) {
  std::ifstream stream{directory / "stat"};
  std::string text;
  if (!std::getline(stream, text)) return std::nullopt;
  std::istringstream fields{text.substr(text.rfind(')') + 1)};  // the name before may hold anything
  std::string skipped;
  Stat stat;
  fields >> skipped >> stat.parent;
  for (int field = 5; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  double children_user = 0;
  double children_system = 0;
  fields >> user >> system >> children_user >> children_system;
  stat.own = user + system;
  stat.of_ended_children = children_user + children_system;
  return stat;
}

std::filesystem::path directory_of(pid_t process) {
  return "/proc/" + std::to_string(process);
}

Stat stat_of(pid_t process) {
  const auto stat = read_stat(directory_of(process));
  if (!stat) throw std::runtime_error("process " + std::to_string(process) + " is gone");
  return *stat;
}

double seconds(double ticks) {
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

bool is_process(const std::filesystem::path& directory) {
  return directory.filename().string().find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

double cpu_seconds(pid_t process) {
  return seconds(stat_of(process).own);
}

double cpu_seconds_with_children(pid_t process) {
  const Stat parent = stat_of(process);
  double ticks = parent.own + parent.of_ended_children;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
    if (!is_process(entry.path())) continue;
    const auto stat = read_stat(entry.path());
    if (stat && stat->parent == process) ticks += stat->own + stat->of_ended_children;
  }
  return seconds(ticks);
}

double peak_memory_mib(pid_t process) {
  std::ifstream stream{directory_of(process) / "status"};
  for (std::string name; stream >> name;) {
    double kib = 0;
    if (name == "VmHWM:" && stream >> kib) return kib / 1024;
  }
  throw std::runtime_error("process " + std::to_string(process) + " is gone");
}

}  // namespace outbox_relay::bench
