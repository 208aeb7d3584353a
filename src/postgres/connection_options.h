#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// Rounded up: how libpq and the server want times that they keep in seconds.
[[nodiscard]] std::string whole_seconds(std::chrono::milliseconds duration);

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
  /// How many hosts may be tried one after the other. Not by libpq: its asynchronous interface has no
  /// deadline for each, and it does not go on after a host that takes the connection and closes it.
  [[nodiscard]] std::size_t hosts() const;
  /// Leaves one of the hosts, counted from 0.
  void keep_host(std::size_t index);
  /// The same as one string, for libpqxx.
  [[nodiscard]] std::string to_string() const;

 private:
  [[nodiscard]] const std::string* find(const std::string& keyword) const;
  /// The items of a list such as `host`, from the string or the variable.
  [[nodiscard]] std::vector<std::string> list_of(const std::string& keyword, const char* variable) const;
  void set(std::string keyword, std::string value);
  /// Where neither the string nor the variable says otherwise.
  void set_default(const std::string& keyword, std::string value, const char* variable = nullptr);

  std::vector<Option> options_;
};

}  // namespace outbox_relay::postgres
