#include "cli/config_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "cli/validators.h"
#include "config/load.h"

namespace outbox_relay::cli {
namespace {

// More than a configuration may have; the reader refuses what is larger than its own limit.
constexpr std::size_t most_read = 2 * 1024 * 1024;

std::optional<std::string> environment_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

config::Problems cannot_read(const std::string& file, const std::string& why) {
  return config::problem_of_file(file, "cannot be read: " + why);
}

}  // namespace

std::variant<config::Config, config::Problems> load_config(const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return cannot_read(file, "it is a directory");
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return cannot_read(file, std::strerror(errno));
  std::string text(most_read, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return cannot_read(file, std::strerror(errno));
  text.resize(static_cast<std::size_t>(stream.gcount()));

  return config::load(file, std::move(text), environment_variable, library_validators());
}

}  // namespace outbox_relay::cli
