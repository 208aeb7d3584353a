#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/options.h"
#include "config/problem.h"
#include "config/values.h"

namespace outbox_relay::config {

/// A section of the file: a mapping, and what it sets.
class Section {
 public:
  /// Finds the options of `options` in `mapping`, nested mappings included. Keys that are no options, or
  /// there twice, are added to `report`. `title` is how messages call the section. Everything is borrowed.
  Section(const Node& mapping, std::string_view title, const std::vector<const Option*>& options,
          Report& report);

  /// The value that the file gives to an option, or nothing when it gives none.
  [[nodiscard]] const Node* find(std::string_view option) const;
  /// The value that the file gives to a name within an option that is a mapping, such as one of `headers`.
  [[nodiscard]] const Node* find_within(std::string_view option, std::string_view name) const;
  /// Where to point when an option is the problem: its value, or the mapping it would be in.
  [[nodiscard]] Position place(std::string_view option) const;
  /// Whether `read` found a value wrong, so that checking it against others would only make noise.
  [[nodiscard]] bool is_wrong(std::string_view option) const { return wrong_.contains(option); }
  /// The same of all options whose names begin like this.
  [[nodiscard]] bool is_any_wrong(std::string_view prefix) const;
  [[nodiscard]] Report& report() const { return report_; }

  /// Reads what is given into `target`.
  template <class Target>
  void read(const std::vector<Field<Target>>& fields, Target& target) {
    for (const Field<Target>& field : fields) {
      const Node* node = find(field.option.name);
      if (node == nullptr) continue;
      if (auto value = read_value(field.option, *node, report_)) {
        field.store(target, *std::move(value));
      } else {
        wrong_.insert(field.option.name);
      }
    }
  }

 private:
  void collect(const Node& mapping, const std::string& prefix);
  void add_unknown(const Entry& entry, const std::string& prefix);

  std::string_view title_;
  const std::vector<const Option*>& options_;
  Report& report_;
  const Node* root_;
  std::map<std::string, const Node*, std::less<>> mappings_;
  std::map<std::string, const Node*, std::less<>> given_;
  std::set<std::string_view> wrong_;
};

/// Sets every option that has a default.
template <class Target>
void set_defaults(const std::vector<Field<Target>>& fields, Target& target) {
  for (const Field<Target>& field : fields) {
    if (!field.option.fallback.empty()) field.store(target, fallback_value(field.option));
  }
}

}  // namespace outbox_relay::config
