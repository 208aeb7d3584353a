#include "config/secret.h"

#include <unistd.h>

#include <concepts>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "support/catch.h"

using namespace outbox_relay::config;

namespace {

/// A file that is gone when the test ends.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(std::filesystem::temp_directory_path() / ("secret-" + std::to_string(::getpid()))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

std::string secret_in(const std::string& content) {
  const TemporaryFile file(content);
  return std::get<Secret>(read_secret_file(file.path())).reveal();
}

}  // namespace

TEST_CASE("a secret cannot be printed", "[config]") {
  STATIC_REQUIRE_FALSE(Printable<Secret>);
  STATIC_REQUIRE_FALSE(std::convertible_to<Secret, std::string>);
}

TEST_CASE("a secret file loses the end of its line and nothing else", "[config]") {
  CHECK(secret_in("hunter2") == "hunter2");
  CHECK(secret_in("hunter2\n") == "hunter2");
  CHECK(secret_in("hunter2\r\n") == "hunter2");
  CHECK(secret_in(" hunter2 \n\n") == " hunter2 \n");
}

TEST_CASE("a secret file that is of no use is named", "[config]") {
  const auto error = [](const std::string& path) { return std::get<std::string>(read_secret_file(path)); };
  CHECK(error("/nowhere/secret") ==
        "the secret file `/nowhere/secret` cannot be opened: No such file or directory");
  CHECK(error("/") == "the secret file `/` is a directory");
  const TemporaryFile empty("\n");
  CHECK(error(empty.path()) == "the secret file `" + empty.path() + "` is empty");
  const TemporaryFile large(std::string(65537, 'x'));
  CHECK(error(large.path()) == "the secret file `" + large.path() + "` is larger than 64 KiB");
}
