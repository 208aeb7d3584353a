#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// What libpq is to be given for one attempt to connect: what the user wrote, the password as it is now, and
/// our defaults where the user was silent. PG* variables, service and pass files are libpq's own business and
/// work as in psql.
class ConnectionOptions {
 public:
  struct Option {
    std::string keyword;
    std::string value;
  };

  /// Throws `core::FailureError` when the string cannot be parsed, and what the password's supplier throws.
  explicit ConnectionOptions(const ServerSettings& settings);

  [[nodiscard]] const std::vector<Option>& options() const { return options_; }
  /// How many hosts may be tried one after the other.
  [[nodiscard]] std::size_t hosts() const;
  /// The same as one string, for libpqxx.
  [[nodiscard]] std::string to_string() const;

 private:
  [[nodiscard]] const std::string* find(const std::string& keyword) const;
  void set(std::string keyword, std::string value);
  /// Where neither the string nor the variable says otherwise.
  void set_default(const std::string& keyword, std::string value, const char* variable = nullptr);

  std::vector<Option> options_;
};

}  // namespace outbox_relay::postgres
