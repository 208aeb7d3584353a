#include "config/reference.h"

#include "config/kafka_properties.h"
#include "config/options.h"
#include "config/presets.h"

namespace outbox_relay::config {
namespace {

constexpr std::string_view begin_marker = "<!-- reference: begin (made by config-reference) -->\n";
constexpr std::string_view end_marker = "<!-- reference: end -->\n";

std::string code(std::string_view text) {
  return '`' + std::string(text) + '`';
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "text";
    case Kind::name:
      return "name of `a-z 0-9 _ -`";
    case Kind::secret:
      return "text, secret";
    case Kind::path:
      return "file";
    case Kind::identifier:
      return "name in PostgreSQL";
    case Kind::table:
      return "`schema.table`";
    case Kind::topic:
      return "topic or template";
    case Kind::topic_name:
      return "topic";
    case Kind::duration:
      return "duration";
    case Kind::size:
      return "size";
    case Kind::count:
      return "whole number";
    case Kind::choice:
      return "";
    case Kind::endpoint:
      return "`address:port`";
    case Kind::identifiers:
      return "list of names in PostgreSQL";
    case Kind::topic_patterns:
      return "list of topics and `prefix*`";
    case Kind::headers:
      return "mapping of headers";
    case Kind::properties:
      return "mapping of properties";
  }
  return "";
}

std::string values_of(const Option& option) {
  std::string text(kind_name(option.kind));
  for (const Choice& choice : option.choices) {
    if (!text.empty()) text += ", ";
    text += code(choice.text);
  }
  if (!option.least.empty()) text += ", " + code(option.least) + " to " + code(option.most);
  if (option.is_nullable) text += " or `null`";
  return text;
}

std::string default_of(const Option& option) {
  if (fills_in(Preset::outbox_relay, option.name)) return "see presets";
  return option.is_required ? "required" : code(option.fallback);
}

std::string row_of(const Option& option) {
  return "| " + code(option.name) + " | " + values_of(option) + " | " + default_of(option) + " | " +
         std::string(option.documentation) + " |\n";
}

std::string table_of(const std::vector<const Option*>& options) {
  std::string text = "| option | values | default | meaning |\n|---|---|---|---|\n";
  for (const Option* option : options) text += row_of(*option);
  return text;
}

std::string presets() {
  std::string text =
      "### Presets\n\nWhat `preset` fills in; an option in the file replaces it. `none` fills in "
      "nothing.\n\n";
  for (const auto& [preset, name] : {std::pair(Preset::outbox_relay, "outbox_relay"),
                                     {Preset::debezium, "debezium"},
                                     {Preset::eventuate, "eventuate"}}) {
    text += "`preset: " + std::string(name) + "` stands for\n\n```yaml\n" + std::string(preset_text(preset)) +
            "```\n\n";
  }
  return text;
}

std::string refused() {
  std::string text =
      "### Refused properties\n\nNames in `kafka.properties` that are not handed to librdkafka, aliases "
      "included:\n\n";
  for (const RefusedProperties& refused : refused_properties()) {
    std::string names;
    for (const std::string_view name : refused.names) names += (names.empty() ? "" : ", ") + code(name);
    text += "- " + names + ": " + std::string(refused.reason) + '\n';
  }
  return text;
}

}  // namespace

std::string reference() {
  return "\n### The process\n\n" + table_of(options_of(daemon_fields())) +
         "\n### Each item of `outboxes`\n\n" + table_of(options_of(outbox_fields())) + '\n' + presets() +
         refused() + '\n';
}

std::string with_reference(std::string_view document) {
  const std::size_t begin = document.find(begin_marker);
  const std::size_t end = document.find(end_marker);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
    return std::string(document);
  const std::string_view head = document.substr(0, begin + begin_marker.size());
  return std::string(head) + reference() + std::string(document.substr(end));
}

}  // namespace outbox_relay::config
