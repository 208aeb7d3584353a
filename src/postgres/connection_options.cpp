#include "postgres/connection_options.h"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <ranges>
#include <string_view>
#include <utility>

#include "core/failure.h"

namespace outbox_relay::postgres {
namespace {

using ParsedOptions = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

bool is_uri(const std::string& connection) {
  return connection.starts_with("postgresql://") || connection.starts_with("postgres://");
}

bool is_number(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether part of a password was taken for something else, as it happens in a URI when it holds an @ or a /
/// that is not escaped. A socket in the abstract namespace begins with an @.
bool may_hold_password(const std::string& keyword, std::string_view item, const std::string& connection) {
  if (keyword == "port") return !is_number(item);
  const auto at = item.find('@', is_uri(connection) ? 0 : 1);
  if (at == std::string_view::npos) return false;
  const bool is_path = is_uri(connection) && connection.find('/' + std::string{item}) != std::string::npos;
  return keyword == "host" || (keyword == "dbname" && is_path);
}

/// Whatever else is said of host, port or database quotes them.
void check_for_password(const std::string& keyword, std::string_view value, const std::string& connection) {
  for (const auto part : std::views::split(value, ',')) {
    if (!may_hold_password(keyword, {part.begin(), part.end()}, connection)) continue;
    throw core::FailureError(
        {core::Reason::other, core::Remedy::operate,
         "the " + keyword + " in the connection string is none, it may be a part of the password",
         "escape @ : / in the password as %40 %3A %2F, or use `postgres.password_file`"});
  }
}

}  // namespace

std::string whole_seconds(std::chrono::milliseconds duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

ConnectionOptions::ConnectionOptions(const ServerSettings& settings) {
  char* error = nullptr;
  const ParsedOptions parsed{PQconninfoParse(settings.connection.c_str(), &error), &PQconninfoFree};
  PQfreemem(error);  // not shown: it quotes the string, which may hold a password
  if (!parsed) {
    throw core::FailureError({core::Reason::other, core::Remedy::operate,
                              "the connection string cannot be parsed",
                              "check `postgres.connection`: key=value pairs or a postgresql:// URI"});
  }
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || *option->val == '\0') continue;
    check_for_password(option->keyword, option->val, settings.connection);
    options_.push_back({option->keyword, option->val});
  }
  if (settings.password) {
    if (auto password = settings.password()) set("password", std::move(*password));
  }
  set("client_encoding", "UTF8");
  set("fallback_application_name", settings.application_name);
  set_default("target_session_attrs", "read-write", "PGTARGETSESSIONATTRS");
  // For libpqxx, which connects in one blocking call; the sessions keep their own deadline.
  set_default("connect_timeout", whole_seconds(settings.connect_timeout), "PGCONNECT_TIMEOUT");
  // A dead host is noticed within the time that a connection may take.
  set_default("keepalives_idle", whole_seconds(settings.connect_timeout));
  set_default("keepalives_interval", "2");
  set_default("keepalives_count", "3");
  set_default("tcp_user_timeout", std::to_string(settings.connect_timeout.count()));
}

std::size_t ConnectionOptions::hosts() const {
  const auto addresses = list_of("hostaddr", "PGHOSTADDR");
  return std::max<std::size_t>(addresses.empty() ? list_of("host", "PGHOST").size() : addresses.size(), 1);
}

// Of what a list has for this host; a port that stands alone is for all of them.
void ConnectionOptions::keep_host(std::size_t index) {
  if (hosts() == 1) return;
  const std::pair<const char*, const char*> lists[] = {
      {"host", "PGHOST"}, {"hostaddr", "PGHOSTADDR"}, {"port", "PGPORT"}};
  for (const auto& [keyword, variable] : lists) {
    const auto items = list_of(keyword, variable);
    if (items.size() > 1 && index < items.size()) set(keyword, items[index]);
  }
}

std::vector<std::string> ConnectionOptions::list_of(const std::string& keyword, const char* variable) const {
  const std::string* const given = find(keyword);
  const char* const text = given != nullptr ? given->c_str() : std::getenv(variable);
  std::vector<std::string> items;
  if (text == nullptr) return items;
  for (const auto item : std::views::split(std::string_view{text}, ',')) {
    items.emplace_back(item.begin(), item.end());
  }
  return items;
}

std::string ConnectionOptions::to_string() const {
  std::string text;
  for (const auto& [keyword, value] : options_) {
    text += keyword + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += "' ";
  }
  return text;
}

const std::string* ConnectionOptions::find(const std::string& keyword) const {
  const auto found = std::ranges::find(options_, keyword, &Option::keyword);
  return found == options_.end() ? nullptr : &found->value;
}

void ConnectionOptions::set(std::string keyword, std::string value) {
  std::erase_if(options_, [&](const Option& option) { return option.keyword == keyword; });
  options_.push_back({std::move(keyword), std::move(value)});
}

void ConnectionOptions::set_default(const std::string& keyword, std::string value, const char* variable) {
  if (find(keyword) != nullptr || (variable != nullptr && std::getenv(variable) != nullptr)) return;
  options_.push_back({keyword, std::move(value)});
}

}  // namespace outbox_relay::postgres
