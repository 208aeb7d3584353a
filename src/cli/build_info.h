#pragma once

#include <string>
#include <string_view>

// What this program was built from and with, and which libraries it runs with.
namespace outbox_relay::cli {

[[nodiscard]] std::string_view program_version();
/// The source revision, or "unknown".
[[nodiscard]] std::string_view program_revision();

/// A library's version: the one that was compiled against and the one that is loaded.
struct LibraryVersion {
  std::string built_with;
  std::string running;
};

[[nodiscard]] LibraryVersion librdkafka_version();
[[nodiscard]] LibraryVersion libpq_version();

}  // namespace outbox_relay::cli
