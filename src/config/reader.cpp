#include "config/reader.h"

#include <algorithm>

#include "config/edit_distance.h"
#include "config/secrecy.h"

namespace outbox_relay::config {
namespace {

/// The key that leads from a mapping with this prefix towards the option, or nothing when the option is
/// elsewhere.
std::string_view next_key(std::string_view option, std::string_view prefix) {
  if (!option.starts_with(prefix)) return {};
  const std::string_view rest = option.substr(prefix.size());
  return rest.substr(0, rest.find('.'));
}

/// Where an option of this name belongs, as a hint for somebody who wrote it elsewhere.
std::string home_of(std::string_view key) {
  const auto home_in = [&](const Option& option, std::string_view top) -> std::string {
    const std::size_t dot = option.name.rfind('.');
    const std::string_view own = option.name.substr(dot + 1);
    if (key != own && key != option.name) return {};
    const std::string_view section = dot == std::string_view::npos ? top : option.name.substr(0, dot);
    return in_quotes(own) + " belongs " + (section.empty() ? "at the top level" : "in " + in_quotes(section));
  };
  for (const auto& field : daemon_fields()) {
    if (auto home = home_in(field.option, ""); !home.empty()) return home;
  }
  for (const auto& field : outbox_fields()) {
    if (auto home = home_in(field.option, outboxes_key); !home.empty()) return home;
  }
  return key.find('.') == std::string_view::npos ? ""
                                                 : "properties of librdkafka belong in `kafka.properties`";
}

}  // namespace

Section::Section(const Node& mapping, std::string_view title, const std::vector<const Option*>& options,
                 Report& report)
    : title_(title), options_(options), report_(report), root_(&mapping) {
  collect(mapping, "");
}

void Section::collect(const Node& mapping, const std::string& prefix) {
  std::map<std::string_view, const Node*> seen;
  for (const Entry& entry : mapping.entries) {
    const auto& [key, value] = entry;
    const std::string name = prefix + key.text;
    const auto is_key = [&](const Option* option) {
      return !key.text.empty() && next_key(option->name, prefix) == key.text;
    };
    if (key.is_refused) {
      report_.hide(entry.span());
      continue;
    }
    if (std::ranges::none_of(options_, is_key)) {
      report_.hide(value.span);  // a secret under a misspelt name is a secret still
      add_unknown(entry, prefix);
      continue;
    }
    if (const auto [first, is_new] = seen.try_emplace(key.text, &key); !is_new) {
      report_.hide(value.span);
      report_.add(key.span.begin, called_twice(key, *first->second));
      continue;
    }
    if (std::ranges::find(options_, name, &Option::name) != options_.end()) {
      given_.emplace(name, &value);
    } else if (value.kind == Node::Kind::mapping) {
      mappings_.emplace(name, &key);
      if (!value.is_refused) collect(value, name + '.');
    } else if (value.kind != Node::Kind::null) {  // a section without a word in it sets nothing
      report_.hide(value.span);
      report_.add(value.span.begin, in_quotes(name) + " needs a mapping of options");
    }
  }
}

void Section::add_unknown(const Entry& entry, const std::string& prefix) {
  const std::string& name = entry.key.text;
  std::vector<std::string_view> known;
  for (const Option* option : options_) {
    const std::string_view candidate = next_key(option->name, prefix);
    if (!candidate.empty() && std::ranges::find(known, candidate) == known.end()) known.push_back(candidate);
  }
  const auto meant = nearest(name, known);
  const bool is_shown = meant || may_be_name(entry);
  if (!is_shown) report_.hide(entry.span());

  std::string what = "unknown key";
  if (is_shown) what += ' ' + in_quotes(name);
  if (!prefix.empty()) {
    what += " in " + in_quotes(std::string_view(prefix).substr(0, prefix.size() - 1));
  } else if (!title_.empty()) {
    what += " in " + in_quotes(title_);
  }
  if (meant) what += " (did you mean " + in_quotes(*meant) + "?)";
  report_.add(entry.key.span.begin, std::move(what), meant ? std::string() : home_of(name));
}

const Node* Section::find(std::string_view option) const {
  const auto found = given_.find(option);
  return found == given_.end() ? nullptr : found->second;
}

bool Section::is_any_wrong(std::string_view prefix) const {
  return std::ranges::any_of(wrong_, [&](std::string_view option) { return option.starts_with(prefix); });
}

const Node* Section::find_within(std::string_view option, std::string_view name) const {
  const Node* mapping = find(option);
  if (mapping == nullptr) return nullptr;
  const auto entry =
      std::ranges::find_if(mapping->entries, [&](const Entry& e) { return e.key.text == name; });
  return entry == mapping->entries.end() ? nullptr : &entry->value;
}

Position Section::place(std::string_view option) const {
  if (const Node* node = find(option)) return node->span.begin;
  while (true) {
    const std::size_t dot = option.rfind('.');
    if (dot == std::string_view::npos) return root_->span.begin;
    option = option.substr(0, dot);
    if (const auto found = mappings_.find(option); found != mappings_.end()) return found->second->span.begin;
  }
}

}  // namespace outbox_relay::config
