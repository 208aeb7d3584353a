#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <variant>

namespace outbox_relay::config {

/// A text that must never reach a log, a metric or a message. It cannot be streamed or formatted; the one way
/// to its content is `reveal`, so that every use can be found.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  /// For the library that needs it, and nobody else. Valid as long as this object is left alone.
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

  friend bool operator==(const Secret&, const Secret&) = default;
  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  std::string text_;
};

/// Reads a secret from a file that a `*_file` option names: at most 64 KiB, one line ending at its end
/// dropped. Blocks. Returns the secret, or why there is none: a message with the file's name and never a part
/// of its content.
[[nodiscard]] std::variant<Secret, std::string> read_secret_file(const std::string& path);

}  // namespace outbox_relay::config
