#include "cli/sql_names.h"

#include <algorithm>

#include "postgres/identifiers.h"

namespace outbox_relay::cli {
namespace {

bool belongs_to_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

std::string_view name_at_begin(std::string_view sql) {
  const auto end = std::ranges::find_if_not(sql, belongs_to_name);
  return {sql.begin(), end};
}

std::string_view up_to_and_with(std::string_view sql, char last, std::size_t from) {
  const std::size_t end = sql.find(last, from);
  return sql.substr(0, end == std::string_view::npos ? sql.size() : end + 1);
}

/// For the inside of a text: quotes doubled.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '\'' ? std::string("''") : std::string(1, c);
  return result;
}

}  // namespace

void SqlNames::replace(const std::string& name, const std::string& by) {
  if (name != by) names_[name] = {postgres::quoted_name(by), by};
}

void SqlNames::replace_first_part(const std::string& name, const std::string& by) {
  if (name != by) first_parts_[name] = {postgres::quoted_name(by), by};
}

void SqlNames::replace_table(const std::string& name, const std::string& schema, const std::string& table) {
  if (name == schema + '.' + table) return;
  const std::string qualified = postgres::qualified(schema, table);
  names_[name] = {qualified, qualified};
}

std::string SqlNames::replaced(std::string_view name, std::string_view previous, bool is_text) const {
  const auto form = [&](const Replacement& by) { return is_text ? escaped(by.bare) : by.quoted; };
  auto found = names_.find(std::string(previous) + ' ' + std::string(name));
  if (found == names_.end()) found = names_.find(name);
  if (found != names_.end()) return form(found->second);
  const std::size_t dot = name.find('.');
  const auto first = first_parts_.find(name.substr(0, dot));
  if (dot == std::string_view::npos || first == first_parts_.end()) return std::string(name);
  const std::string& schema = first->second.quoted;  // a name with dots is read as code is, in a text too
  return (is_text ? escaped(schema) : schema) + std::string(name.substr(dot));
}

std::string SqlNames::in(std::string_view sql) const {
  std::string result;
  std::string_view previous;
  while (!sql.empty()) {
    std::string_view part = sql.substr(0, 1);
    if (sql.starts_with("--")) {
      part = up_to_and_with(sql, '\n', 0);
      result += part;
    } else if (sql.front() == '\'') {
      part = up_to_and_with(sql, '\'', 1);
      const std::string_view text = part.substr(1, part.size() - 2);
      const bool is_name = !text.empty() && name_at_begin(text).size() == text.size();
      result += is_name ? '\'' + replaced(text, {}, true) + '\'' : std::string(part);
    } else if (belongs_to_name(sql.front())) {
      part = name_at_begin(sql);
      result += replaced(part, previous, false);
      previous = part;
    } else {
      result += part;
    }
    sql.remove_prefix(part.size());
  }
  return result;
}

std::string without_paragraph(std::string_view sql, std::string_view comment) {
  const std::size_t begin = sql.find(std::string("\n").append(comment));
  if (begin == std::string_view::npos) return std::string(sql);
  const std::size_t end = sql.find("\n\n", begin + 1);
  const std::string_view rest = end == std::string_view::npos ? std::string_view("\n") : sql.substr(end + 1);
  return std::string(sql.substr(0, begin)) + std::string(rest);
}

}  // namespace outbox_relay::cli
