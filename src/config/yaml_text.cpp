#include "config/yaml_text.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "config/secrecy.h"
#include "config/units.h"
#include "core/utf8.h"

namespace outbox_relay::config {
namespace {

constexpr std::size_t widest_line = 110;

bool is_plain(std::string_view text) {
  constexpr std::array<std::string_view, 4> other_types = {"null", "true", "false", "~"};
  const auto is_harmless = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-';
  };
  const bool begins_as_name = !text.empty() && text.front() != '-' && text.front() != '.';
  return begins_as_name && std::ranges::all_of(text, is_harmless) &&
         std::ranges::find(other_types, text) == other_types.end();
}

/// A character in double quotes; `$` for the variables.
std::string escaped(std::string_view character) {
  switch (character.front()) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '$':
      return "$$";
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    default:
      break;
  }
  if (!core::is_control(character)) return std::string(character);
  // C0 and DEL are their only byte, C1 its second one.
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto code = static_cast<unsigned char>(character.back());
  return {'\\', 'x', digits[code / 16U], digits[code % 16U]};
}

std::string list(const std::vector<std::string>& texts) {
  std::string items;
  for (const std::string& text : texts) items += (items.empty() ? "" : ", ") + yaml_scalar(text);
  return '[' + items + ']';
}

/// How one value is written; the mappings come back as lines of their own.
struct Writer {
  std::string_view indent;

  std::string operator()(std::monostate) const { return " null\n"; }
  std::string operator()(const std::string& text) const { return ' ' + yaml_scalar(text) + '\n'; }
  std::string operator()(const Secret&) const { return ' ' + yaml_scalar(redacted) + '\n'; }
  std::string operator()(const TableName& table) const { return (*this)(to_text(table)); }
  std::string operator()(const Template& text) const { return (*this)(text.written); }
  std::string operator()(std::chrono::milliseconds duration) const { return (*this)(to_text(duration)); }
  std::string operator()(core::Bytes size) const { return (*this)(to_text(size)); }
  std::string operator()(std::uint64_t count) const { return ' ' + std::to_string(count) + '\n'; }
  std::string operator()(const Endpoint& endpoint) const {
    const bool is_ipv6 = endpoint.address.find(':') != std::string::npos;
    const std::string address = is_ipv6 ? '[' + endpoint.address + ']' : endpoint.address;
    return (*this)(address + ':' + std::to_string(endpoint.port));
  }
  std::string operator()(const std::vector<std::string>& texts) const { return ' ' + list(texts) + '\n'; }
  std::string operator()(const std::vector<Header>& headers) const {
    std::string lines;
    for (const auto& [name, value] : headers) lines += entry(name, value.written);
    return lines.empty() ? " {}\n" : '\n' + lines;
  }
  std::string operator()(const std::vector<Property>& properties) const {
    std::string lines;
    for (const auto& [name, value] : properties)
      lines += entry(name, is_sensitive_property(name) ? redacted : value.reveal());
    return lines.empty() ? " {}\n" : '\n' + lines;
  }

 private:
  [[nodiscard]] std::string entry(std::string_view name, std::string_view value) const {
    return std::string(indent) + yaml_scalar(name) + ": " + yaml_scalar(value) + '\n';
  }
};

/// The words of a comment on lines that fit.
std::string comment_lines(std::string_view comment, const std::string& indent) {
  std::string text;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty()) text += indent + '#' + line + '\n';
    line.clear();
  };
  while (!comment.empty()) {
    const std::string_view word = comment.substr(0, comment.find(' '));
    comment.remove_prefix(std::min(comment.size(), word.size() + 1));
    if (indent.size() + line.size() + word.size() + 2 > widest_line) end_line();
    line += ' ' + std::string(word);
  }
  end_line();
  return text;
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string quoted = "\"";
  while (!text.empty()) {
    const auto length = std::max(core::character_length(text), std::size_t{1});
    quoted += escaped(text.substr(0, length));
    text.remove_prefix(length);
  }
  return quoted + '"';
}

std::string yaml_value(const Value& value, std::string_view indent) {
  return std::visit(Writer{indent}, value);
}

std::string YamlSection::indent_of(std::string_view option) const {
  const auto depth = static_cast<std::size_t>(std::ranges::count(option, '.'));
  return indent_ + std::string(2 * depth, ' ');
}

void YamlSection::add(std::string_view option, std::string_view value, std::string_view comment) {
  const std::size_t dot = option.rfind('.');
  const std::string_view mapping = option.substr(0, dot == std::string_view::npos ? 0 : dot + 1);
  if (mapping != mapping_ && !mapping.empty()) {
    text_ += indent_ + std::string(mapping.substr(0, mapping.size() - 1)) + ":\n";
  }
  mapping_ = mapping;
  const std::string indent = indent_of(option);
  text_ += comment_lines(comment, indent);
  text_ += indent + std::string(option.substr(mapping.size())) + ':' + std::string(value);
}

std::string YamlSection::item() const {
  std::string text = text_;
  text.replace(indent_.size() - 2, 2, "- ");
  return text;
}

}  // namespace outbox_relay::config
