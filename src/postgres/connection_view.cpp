#include "postgres/connection_view.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "core/failure.h"
#include "postgres/connection_options.h"

namespace outbox_relay::postgres {
namespace {

/// What is shown; anything else may hold a secret, now or in a later libpq.
constexpr std::array<std::string_view, 12> open_keywords = {
    "host",    "hostaddr",    "port",    "dbname", "user",    "application_name",
    "sslmode", "sslrootcert", "sslcert", "sslkey", "service", "target_session_attrs"};

/// The options as the user gave them; nothing when libpq cannot read the string, or a part of a password may
/// have got into another option.
std::optional<std::vector<ConnectionOptions::Option>> options_of(const std::string& connection) {
  ServerSettings settings;
  settings.connection = connection;
  try {
    return ConnectionOptions{settings}.options();
  } catch (const core::FailureError&) {
    return std::nullopt;
  }
}

std::string written(const std::string& value) {
  if (!value.empty() && value.find_first_of(" '\\") == std::string::npos) return value;
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + '\'';
}

}  // namespace

std::optional<std::string> without_secrets(const std::string& connection) {
  const auto options = options_of(connection);
  if (!options) return std::nullopt;
  std::string text;
  for (const auto& [keyword, value] : *options) {
    const bool is_open = std::ranges::find(open_keywords, keyword) != open_keywords.end();
    if (!is_open && keyword != "password") continue;
    text += (text.empty() ? "" : " ") + keyword + '=' + (is_open ? written(value) : "<redacted>");
  }
  return text;
}

std::optional<std::string> user_of(const std::string& connection) {
  const auto options = options_of(connection);
  if (!options) return std::nullopt;
  const auto user = std::ranges::find(*options, "user", &ConnectionOptions::Option::keyword);
  if (user == options->end()) return std::nullopt;
  return user->value;
}

}  // namespace outbox_relay::postgres
