#include "config/schema.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "config/options.h"
#include "config/presets.h"
#include "config/units.h"

namespace outbox_relay::config {
namespace {

namespace json = boost::json;

json::object text_like(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", pattern}};
}

json::array texts_of(const std::vector<Choice>& choices) {
  json::array texts;
  for (const Choice& choice : choices) texts.emplace_back(choice.text);
  return texts;
}

std::uint64_t number_of(std::string_view text) {
  return std::get<std::uint64_t>(parse_count(text));
}

/// YAML takes a text for a number or a truth value when it looks like one; the reader takes it as it stands.
json::object any_scalar() {
  return {{"type", {"string", "number", "boolean"}}};
}

json::object scalar_schema(const Option& option) {
  switch (option.kind) {
    case Kind::name:
      return text_like("^[a-z0-9_-]{1,63}$");
    case Kind::duration:
      return text_like("^(0|[1-9][0-9]*)(ms|s|m|h|d)$");
    case Kind::size:
      return text_like("^(0|[1-9][0-9]*)(B|KiB|MiB|GiB)$");
    case Kind::count:
      return {{"type", "integer"}, {"minimum", number_of(option.least)}, {"maximum", number_of(option.most)}};
    case Kind::choice:
      return {{"enum", texts_of(option.choices)}};
    case Kind::endpoint:
      return text_like("^.+:[0-9]+$");
    case Kind::table:
      return text_like("^.+\\..+$");
    case Kind::text:
    case Kind::secret:
    case Kind::path:
    case Kind::identifier:
    case Kind::topic:
    case Kind::topic_name:
    case Kind::identifiers:
    case Kind::topic_patterns:
    case Kind::headers:
    case Kind::properties:
      return any_scalar();
  }
  return {};
}

/// A value of the option, or a variable that brings one.
json::object value_schema(const Option& option) {
  json::object scalar = scalar_schema(option);
  if (option.kind == Kind::identifiers || option.kind == Kind::topic_patterns)
    return {{"type", "array"}, {"items", std::move(scalar)}};
  if (option.kind == Kind::headers || option.kind == Kind::properties)
    return {{"type", "object"}, {"additionalProperties", std::move(scalar)}};
  const bool takes_any_text = scalar == any_scalar();
  json::array forms{std::move(scalar)};
  if (!takes_any_text) forms.emplace_back(json::object{{"$ref", "#/definitions/variable"}});
  if (option.is_nullable) forms.emplace_back(json::object{{"type", "null"}});
  if (forms.size() == 1) return forms[0].as_object();
  return {{"anyOf", std::move(forms)}};
}

json::object option_schema(const Option& option) {
  std::string description(option.documentation);
  if (!option.least.empty())
    description += "; " + std::string(option.least) + " to " + std::string(option.most);
  json::object schema{{"description", std::move(description)}};
  for (auto& [name, value] : value_schema(option)) schema[name] = std::move(value);
  return schema;
}

json::object closed_mapping() {
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", json::object()}};
}

/// The mapping that an option's name leads to, made on the way.
json::object& mapping_of(json::object& section, std::string_view option) {
  const std::size_t dot = option.find('.');
  if (dot == std::string_view::npos) return section;
  json::object& properties = section["properties"].as_object();
  const auto [entry, is_new] = properties.emplace(option.substr(0, dot), closed_mapping());
  return entry->value().as_object();
}

std::string_view last_name(std::string_view option) {
  return option.substr(option.rfind('.') + 1);
}

/// Adds a required option to a schema that has it, and the mapping it is in.
void require(json::object& schema, std::string_view option) {
  const auto add = [](json::object& mapping, std::string_view name) {
    json::array& names = mapping.emplace("required", json::array()).first->value().as_array();
    if (std::ranges::find(names, json::value(name)) == names.end()) names.emplace_back(name);
  };
  const std::size_t dot = option.find('.');
  if (dot == std::string_view::npos) return add(schema, option);
  add(schema, option.substr(0, dot));
  json::object& properties = schema.emplace("properties", json::object()).first->value().as_object();
  add(properties.emplace(option.substr(0, dot), json::object()).first->value().as_object(),
      last_name(option));
}

json::object section_schema(const std::vector<const Option*>& options) {
  json::object section = closed_mapping();
  for (const Option* option : options) {
    json::object& mapping = mapping_of(section, option->name);
    mapping["properties"].as_object()[last_name(option->name)] = option_schema(*option);
  }
  return section;
}

/// What is required is so unless the preset brings it. An item without a word about its preset has the first
/// one.
json::object presets_condition(const Option& preset, const Choice& choice, Preset value,
                               const std::vector<const Option*>& options) {
  json::object condition{{"properties", {{preset.name, {{"const", choice.text}}}}}};
  if (choice.text != preset.fallback) condition["required"] = json::array{preset.name};
  json::object consequence;
  for (const Option* option : options) {
    if (option->is_required && !fills_in(value, option->name)) require(consequence, option->name);
  }
  return {{"if", std::move(condition)}, {"then", std::move(consequence)}};
}

json::object outbox_schema() {
  const auto options = options_of(outbox_fields());
  json::object section = section_schema(options);
  const Option& preset = **std::ranges::find(options, "preset", &Option::name);
  json::array conditions;
  for (std::size_t index = 0; index < preset.choices.size(); ++index) {
    conditions.emplace_back(
        presets_condition(preset, preset.choices[index], static_cast<Preset>(index), options));
  }
  section["allOf"] = std::move(conditions);
  return section;
}

/// Indented, because people read it too, and differences between two versions of it.
void print(const json::value& value, const std::string& indent, std::string& text) {
  const std::string deeper = indent + "  ";
  std::string_view separator = "\n";
  if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
    text += '{';
    for (const auto& [name, member] : *object) {
      text += std::string(separator) + deeper + json::serialize(json::string(name)) + ": ";
      print(member, deeper, text);
      separator = ",\n";
    }
    text += '\n' + indent + '}';
  } else if (const json::array* array = value.if_array();
             array != nullptr && std::ranges::any_of(*array, &json::value::is_object)) {
    text += '[';
    for (const json::value& element : *array) {
      text += std::string(separator) + deeper;
      print(element, deeper, text);
      separator = ",\n";
    }
    text += '\n' + indent + ']';
  } else {
    text += json::serialize(value);
  }
}

}  // namespace

std::string schema() {
  json::object root{{"$schema", "http://json-schema.org/draft-07/schema#"},
                    {"title", "configuration of outbox-relay"}};
  const auto options = options_of(daemon_fields());
  for (auto& [name, value] : section_schema(options)) root[name] = std::move(value);
  root["properties"].as_object()[outboxes_key] = json::object{
      {"description", "the outbox tables"}, {"type", "array"}, {"minItems", 1}, {"items", outbox_schema()}};
  for (const Option* option : options) {
    if (option->is_required) require(root, option->name);
  }
  require(root, "kafka.properties");
  require(root, outboxes_key);
  root["definitions"] =
      json::object{{"variable",
                    {{"description", "a value with an environment variable in it: ${NAME}, ${NAME:-default}"},
                     {"type", "string"},
                     {"pattern", "\\$\\{"}}}};
  std::string text;
  print(root, "", text);
  return text + '\n';
}

}  // namespace outbox_relay::config
