#include "config/show.h"

#include "config/options.h"
#include "config/presets.h"
#include "config/reader.h"
#include "config/yaml_text.h"

namespace outbox_relay::config {
namespace {

/// Where the items of `outboxes` stand.
constexpr std::string_view item_indent = "    ";

template <class Section>
YamlSection written(const std::vector<Field<Section>>& fields, const Section& values, std::string indent,
                    std::string_view connection) {
  YamlSection section(std::move(indent));
  for (const auto& [option, store, load] : fields) {
    const std::string below = section.indent_of(option.name) + "  ";
    const Value value = option.kind == Kind::secret ? Value(std::string(connection)) : load(values);
    section.add(option.name, yaml_value(value, below));
  }
  return section;
}

std::string limits_of(const Option& option) {
  std::string text;
  for (const Choice& choice : option.choices) {
    text += (text.empty() ? "; " : " | ") + std::string(choice.text);
  }
  if (!option.least.empty()) text += "; " + std::string(option.least) + " to " + std::string(option.most);
  if (option.is_required || !option.example.empty()) text += "; required";
  return text;
}

template <class Section>
YamlSection explained(const std::vector<Field<Section>>& fields, const Section& values, std::string indent) {
  YamlSection section(std::move(indent));
  for (const auto& [option, store, load] : fields) {
    const std::string value = option.example.empty()
                                  ? yaml_value(load(values), section.indent_of(option.name) + "  ")
                                  : ' ' + std::string(option.example) + '\n';
    section.add(option.name, value, std::string(option.documentation) + limits_of(option));
  }
  return section;
}

Config default_config() {
  Config config;
  set_defaults(daemon_fields(), config);
  return config;
}

}  // namespace

std::string to_yaml(const Config& config, std::string_view connection) {
  std::string text = written(daemon_fields(), config, "", connection).text();
  text += std::string(outboxes_key) + ":\n";
  for (const Outbox& outbox : config.outboxes)
    text += written(outbox_fields(), outbox, std::string(item_indent), "").item();
  return text;
}

std::string default_yaml() {
  return "# Every option at its default. What is required has an example instead: only that must be "
         "changed.\n" +
         explained(daemon_fields(), default_config(), "").text() + std::string(outboxes_key) + ":\n" +
         explained(outbox_fields(), defaults_of(Preset::outbox_relay), std::string(item_indent)).item();
}

}  // namespace outbox_relay::config
