#include "config/secret.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace outbox_relay::config {
namespace {

constexpr std::size_t largest_secret = 64 * 1024;

}  // namespace

std::variant<Secret, std::string> read_secret_file(const std::string& path) {
  const std::string subject = "the secret file `" + path + "` ";
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return subject + "is a directory";

  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return subject + "cannot be opened: " + std::strerror(errno);
  std::string text(largest_secret + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return subject + "cannot be read: " + std::strerror(errno);
  text.resize(static_cast<std::size_t>(file.gcount()));

  if (text.size() > largest_secret) return subject + "is larger than 64 KiB";
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return subject + "is empty";
  return Secret(std::move(text));
}

}  // namespace outbox_relay::config
