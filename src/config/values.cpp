#include "config/values.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "config/edit_distance.h"
#include "config/secrecy.h"
#include "config/texts.h"
#include "config/units.h"

namespace outbox_relay::config {
namespace {

template <class T>
Parsed<Value> widened(Parsed<T> parsed) {
  if (auto* wrong = std::get_if<Wrong>(&parsed)) return std::move(*wrong);
  return Value(std::get<T>(std::move(parsed)));
}

Parsed<Value> parse_secret(const std::string& text) {
  if (text.empty()) return Wrong{"is empty"};
  return Value(Secret(text));
}

std::string joined(const std::vector<Choice>& choices) {
  std::string text;
  for (const Choice& choice : choices) {
    if (!text.empty()) text += ", ";
    text += in_quotes(choice.text);
  }
  return text;
}

Parsed<Value> parse_choice(const Option& option, const std::string& text) {
  std::vector<std::string_view> texts;
  for (const Choice& choice : option.choices) {
    if (choice.text == text) return Value(text);
    texts.push_back(choice.text);
  }
  return Wrong{"is not one of " + joined(option.choices), {}, std::string(nearest(text, texts).value_or(""))};
}

/// Keeps a number between the option's limits, which are texts of the same kind.
template <class T>
Parsed<Value> limited(Parsed<T> parsed, const Option& option, Parsed<T> (*parse)(std::string_view)) {
  if (auto* wrong = std::get_if<Wrong>(&parsed)) {
    if (wrong->hint.empty()) wrong->hint = "for example " + in_quotes(option.fallback);
    return std::move(*wrong);
  }
  const T value = std::get<T>(parsed);
  if (!option.least.empty() && value < std::get<T>(parse(option.least))) {
    return Wrong{"is too small: " + in_quotes(option.name) + " is at least " + in_quotes(option.least)};
  }
  if (!option.most.empty() && value > std::get<T>(parse(option.most))) {
    return Wrong{"is too large: " + in_quotes(option.name) + " is at most " + in_quotes(option.most)};
  }
  return Value(value);
}

/// Of the kinds that are one text.
Parsed<Value> parse_scalar(const Option& option, const std::string& text) {
  switch (option.kind) {
    case Kind::text:
    case Kind::path:
      return widened(parse_text(text));
    case Kind::name:
      return widened(parse_name(text));
    case Kind::secret:
      return parse_secret(text);
    case Kind::identifier:
    case Kind::identifiers:
      return widened(parse_identifier(text));
    case Kind::table:
      return widened(parse_table_name(text));
    case Kind::topic:
      return widened(parse_topic(text));
    case Kind::topic_name:
      return widened(parse_topic_name(text));
    case Kind::topic_patterns:
      return widened(parse_topic_pattern(text));
    case Kind::duration:
      return limited(parse_duration(text), option, &parse_duration);
    case Kind::size:
      return limited(parse_size(text), option, &parse_size);
    case Kind::count:
      return limited(parse_count(text), option, &parse_count);
    case Kind::choice:
      return parse_choice(option, text);
    case Kind::endpoint:
      return widened(parse_endpoint(text));
    case Kind::headers:
      return widened(parse_template(text));
    case Kind::properties:
      return Value(Secret(text));
  }
  throw std::logic_error("a kind of option that does not exist");
}

Node::Kind structure_of(Kind kind) {
  if (kind == Kind::identifiers || kind == Kind::topic_patterns) return Node::Kind::list;
  if (kind == Kind::headers || kind == Kind::properties) return Node::Kind::mapping;
  return Node::Kind::scalar;
}

std::string_view called(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a single value";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  throw std::logic_error("a kind of node that does not exist");
}

/// Reports a scalar's text that is not what it should be. Of a secret, not even what stands in the file is
/// shown; of a variable's value, nothing that would tell what it is like.
void add_wrong(const Option& option, const Node& node, const Wrong& wrong, Report& report) {
  std::string what = option.kind == Kind::secret ? in_quotes(option.name) : called(node);
  what += ' ' + wrong.what;
  if (!wrong.meant.empty() && !node.has_variable) what += " (did you mean " + in_quotes(wrong.meant) + "?)";
  report.add(node.span.begin, std::move(what), wrong.hint);
}

bool has_structure(const Node& node, Node::Kind wanted, const std::string& subject, Report& report) {
  if (node.is_refused) return false;
  if (node.kind == wanted) return true;
  std::string hint;
  if (wanted == Node::Kind::list) hint = "write `[]` for none";
  if (wanted == Node::Kind::mapping) hint = "write `{}` for none";
  const bool is_missing = node.kind == Node::Kind::null && wanted == Node::Kind::scalar;
  std::string what = subject + " needs " + (is_missing ? "a value" : std::string(called(wanted)));
  if (node.kind != Node::Kind::null) what += ", not " + std::string(called(node.kind));
  report.add(node.span.begin, std::move(what), std::move(hint));
  return false;
}

std::optional<Value> read_scalar(const Option& option, const Node& node, const std::string& subject,
                                 Report& report) {
  if (!has_structure(node, Node::Kind::scalar, subject, report)) return std::nullopt;
  auto parsed = parse_scalar(option, node.text);
  if (const auto* wrong = std::get_if<Wrong>(&parsed)) {
    add_wrong(option, node, *wrong, report);
    return std::nullopt;
  }
  return std::get<Value>(std::move(parsed));
}

std::optional<Value> read_list(const Option& option, const Node& node, Report& report) {
  std::vector<std::string> texts;
  bool is_right = true;
  for (const Node& item : node.items) {
    auto value = read_scalar(option, item, "an item of " + in_quotes(option.name), report);
    is_right = is_right && value.has_value();
    if (value) texts.push_back(std::get<std::string>(*std::move(value)));
  }
  if (!is_right) return std::nullopt;
  return texts;
}

/// Whether the keys of a mapping that the user names freely are texts, and each there once.
bool has_distinct_keys(const Node& node, Report& report) {
  std::map<std::string_view, const Node*> seen;
  bool is_right = true;
  for (const auto& [key, value] : node.entries) {
    const auto [first, is_new] = seen.try_emplace(key.text, &key);
    if (key.is_refused || !is_new) is_right = false;
    if (key.is_refused) continue;
    if (!is_new) report.add(key.span.begin, called_twice(key, *first->second));
    const auto name = parse_text(key.text);
    if (const auto* wrong = std::get_if<Wrong>(&name)) {
      report.add(key.span.begin, (key.text.empty() ? "an empty name " : "this name ") + wrong->what);
      is_right = false;
    }
  }
  return is_right;
}

std::optional<Value> read_mapping(const Option& option, const Node& node, Report& report) {
  std::vector<Header> headers;
  std::vector<Property> properties;
  bool is_right = has_distinct_keys(node, report);
  for (const Entry& entry : node.entries) {
    const Node& key = entry.key;
    if (key.is_refused) continue;
    const std::string subject = may_be_name(entry) ? in_quotes(key.text) : "this entry";
    auto value = read_scalar(option, entry.value, subject, report);
    if (!value) {
      is_right = false;
    } else if (option.kind == Kind::headers) {
      headers.push_back({key.text, std::get<Template>(*std::move(value))});
    } else {
      properties.push_back({key.text, std::get<Secret>(*std::move(value))});
    }
  }
  if (!is_right) return std::nullopt;
  if (option.kind == Kind::headers) return headers;
  return properties;
}

}  // namespace

std::string called(const Node& node) {
  if (node.has_variable) return "the value of " + in_quotes(node.written);
  return node.text.empty() ? "an empty value" : in_quotes(node.text);
}

std::string called_twice(const Node& key, const Node& first) {
  return in_quotes(key.text) + " is here twice, first in line " + std::to_string(first.span.begin.line + 1);
}

Value fallback_value(const Option& option) {
  const Node::Kind structure = structure_of(option.kind);
  if (option.kind == Kind::headers) return std::vector<Header>{};
  if (option.kind == Kind::properties) return std::vector<Property>{};
  if (structure == Node::Kind::list) return std::vector<std::string>{};
  if (option.is_nullable && option.fallback == "null") return {};
  return std::get<Value>(parse_scalar(option, std::string(option.fallback)));
}

std::optional<Value> read_value(const Option& option, const Node& node, Report& report) {
  const Node::Kind structure = structure_of(option.kind);
  const bool is_off = node.kind == Node::Kind::null && option.is_nullable && !node.is_refused;
  const bool is_misplaced = node.kind != structure && node.kind != Node::Kind::null;
  if (option.kind == Kind::secret || is_misplaced) report.hide(node.span);

  std::optional<Value> value;
  if (is_off) {
    value = Value();
  } else if (structure == Node::Kind::scalar) {
    value = read_scalar(option, node, in_quotes(option.name), report);
  } else if (has_structure(node, structure, in_quotes(option.name), report)) {
    value =
        structure == Node::Kind::list ? read_list(option, node, report) : read_mapping(option, node, report);
  }
  return value;
}

}  // namespace outbox_relay::config
