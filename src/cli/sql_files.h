#pragma once

#include <span>
#include <string_view>

namespace outbox_relay::cli {

/// A file of deploy/sql as it was when the program was built.
struct SqlFile {
  std::string_view name;  ///< without its folder and `.sql`
  std::string_view text;
};

[[nodiscard]] std::span<const SqlFile> sql_files();

}  // namespace outbox_relay::cli
