#include "telemetry/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

namespace outbox_relay::telemetry {

namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// "btime 1763791234" in /proc/stat.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("btime ")) continue;
    std::int64_t seconds = 0;
    const auto* end = line.data() + line.size();
    if (std::from_chars(line.data() + 6, end, seconds).ec == std::errc{}) return static_cast<double>(seconds);
  }
  return ProcessFacts::unknown;
}

double positive(long value) {
  return value > 0 ? static_cast<double>(value) : ProcessFacts::unknown;
}

double count_open_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc/self/fd", error);
  double count = -1;  // the listing itself holds one
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) ++count;
  return error ? ProcessFacts::unknown : count;
}

double max_descriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return ProcessFacts::unknown;
  if (limit.rlim_cur == RLIM_INFINITY) return std::numeric_limits<double>::infinity();
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void parse_stat(std::string_view stat, const KernelUnits& units, ProcessFacts& facts) {
  // The second field is the program's name in parentheses, and may hold anything, parentheses included.
  const auto name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || name_end + 4 > stat.size()) return;
  stat.remove_prefix(name_end + 4);  // ") S ": the next one is field 4

  constexpr std::size_t first_field = 4;
  std::array<double, 25> fields{};
  for (std::size_t field = first_field; field < fields.size(); ++field) {
    std::int64_t value = 0;
    const auto parsed = std::from_chars(stat.data(), stat.data() + stat.size(), value);
    if (parsed.ec != std::errc{}) return;
    fields[field] = static_cast<double>(value);
    stat.remove_prefix(static_cast<std::size_t>(parsed.ptr - stat.data()));
    if (stat.starts_with(' ')) stat.remove_prefix(1);
  }
  constexpr std::size_t utime = 14, stime = 15, num_threads = 20, starttime = 22, vsize = 23, rss = 24;
  facts.cpu_seconds = (fields[utime] + fields[stime]) / units.ticks_per_second;
  facts.threads = fields[num_threads];
  facts.start_time_seconds = units.boot_time_seconds + fields[starttime] / units.ticks_per_second;
  facts.virtual_memory_bytes = fields[vsize];
  facts.resident_memory_bytes = fields[rss] * units.page_bytes;
}

ProcessFacts read_process_facts() {
  static const KernelUnits units{.ticks_per_second = positive(sysconf(_SC_CLK_TCK)),
                                 .page_bytes = positive(sysconf(_SC_PAGESIZE)),
                                 .boot_time_seconds = boot_time()};
  ProcessFacts facts;
  parse_stat(read_file("/proc/self/stat"), units, facts);
  facts.open_descriptors = count_open_descriptors();
  facts.max_descriptors = max_descriptors();
  return facts;
}

}  // namespace outbox_relay::telemetry
