#include "machine.h"

#include <librdkafka/rdkafka.h>
#include <sys/utsname.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "support/process.h"

namespace outbox_relay::bench {
namespace {

/// What stands behind `name :` in a file such as /proc/cpuinfo.
std::string value_in(const char* file, std::string_view name) {
  std::ifstream stream{file};
  for (std::string line; std::getline(stream, line);) {
    if (!line.starts_with(name)) continue;
    const auto begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return line.substr(begin);
  }
  return "unknown";
}

std::string memory() {
  std::istringstream kib{value_in("/proc/meminfo", "MemTotal")};
  double value = 0;
  kib >> value;
  return std::to_string(static_cast<int>(value / (1 << 20) + 0.5)) + " GiB";
}

std::string kernel() {
  utsname names{};
  ::uname(&names);
  return std::string{names.sysname} + ' ' + names.release;
}

/// The file system that holds the servers' data, as findmnt tells it.
std::string disk() {
  const auto found = testing::run({"findmnt", "--noheadings", "--output", "FSTYPE,SOURCE", "--target",
                                   std::filesystem::temp_directory_path().string()});
  if (found.code != 0) return "unknown";
  std::istringstream words{found.output};
  std::string type;
  std::string source;
  words >> type >> source;
  const std::string block = "/sys/block/" + std::filesystem::path{source}.filename().string();
  std::ifstream rotational{block + "/queue/rotational"};
  std::string is_rotational;
  rotational >> is_rotational;
  if (is_rotational == "0") return type + " on a solid-state disk";
  return type +
         (is_rotational == "1" ? " on a disk that calls itself rotational (virtual ones often do)" : "");
}

/// The first version behind the artifact's name.
std::string kafka_version() {
  std::ifstream pom{OUTBOX_RELAY_TEST_SERVERS "/kafka-pom.xml"};
  static constexpr std::string_view before = "<version>";
  bool is_kafka = false;
  for (std::string line; std::getline(pom, line);) {
    is_kafka = is_kafka || line.find("<artifactId>kafka_") != std::string::npos;
    const auto at = line.find(before);
    if (!is_kafka || at == std::string::npos) continue;
    const auto begin = at + before.size();
    return line.substr(begin, line.find('<', begin) - begin);
  }
  return "unknown";
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

Machine describe_machine(const Lab& lab) {
  return {{"processor", value_in("/proc/cpuinfo", "model name")},
          {"cores", std::to_string(std::thread::hardware_concurrency()) +
                        ", shared by contender, PostgreSQL and Kafka"},
          {"memory", memory()},
          {"kernel", kernel()},
          {"disk", disk()},
          {"PostgreSQL", lab.databases.version()},
          {"Kafka", kafka_version()},
          {"librdkafka", rd_kafka_version_str()},
          {"outbox-relay", first_line(testing::run({OUTBOX_RELAY_PROGRAM, "version"}).output)}};
}

std::string to_markdown(const Machine& machine) {
  std::ostringstream text;
  text << "| machine | |\n|---|---|\n";
  for (const auto& [name, value] : machine) text << "| " << name << " | " << value << " |\n";
  return text.str();
}

}  // namespace outbox_relay::bench
