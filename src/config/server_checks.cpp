#include "config/server_checks.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "config/edit_distance.h"
#include "config/kafka_properties.h"
#include "config/secrecy.h"

namespace outbox_relay::config {
namespace {

/// The checks of `kafka.properties`.
class PropertyChecks {
 public:
  PropertyChecks(const Node& mapping, const Section& section, const Validators& validators)
      : mapping_(mapping), section_(section), validators_(validators) {}

  void run() {
    for (const Entry& entry : mapping_.entries) {
      if (!may_be_shown(entry)) section_.report().hide(entry.value.span);
    }
    const auto brokers = first_.find("bootstrap.servers");
    if (brokers == first_.end()) {
      section_.report().add(section_.place("kafka.properties"),
                            "`bootstrap.servers` is missing in `kafka.properties`",
                            "the brokers to begin with, such as `127.0.0.1:9092`");
    } else if (is_readable(brokers->second->value) && brokers->second->value.text.empty()) {
      section_.report().add(brokers->second->value.span.begin,
                            in_quotes(brokers->second->key.text) + " is empty");
    }
    check_password("sasl.password", "kafka.sasl_password_file");
    check_password("ssl.key.password", "kafka.ssl_key_password_file");
  }

 private:
  static bool is_readable(const Node& value) { return value.kind == Node::Kind::scalar && !value.is_refused; }

  /// Checks a property. Returns whether its value is known to be no secret: a misspelt name could be that of
  /// one.
  bool may_be_shown(const Entry& entry) {
    const auto& [key, value] = entry;
    Report& report = section_.report();
    if (key.is_refused) {
      report.hide(entry.span());
      return false;
    }
    if (auto reason = refusal_of(key.text, value.text)) {
      report.add(key.span.begin, in_quotes(key.text) + ' ' + *std::move(reason), "leave it out");
      return false;
    }
    check_alias(key, entry);
    if (value.kind == Node::Kind::null) {
      const auto error = validators_.property(key.text, "");
      if (error && error->is_unknown) report.hide(entry.span());
      return true;
    }
    if (!is_readable(value)) return false;
    const bool is_sensitive = is_sensitive_property(key.text);
    const auto error = validators_.property(key.text, value.text);
    if (error && error->is_unknown) {
      add_unknown(entry);
    } else if (error) {
      std::string what = "librdkafka refuses the value of " + in_quotes(key.text);
      if (!is_sensitive && !value.has_variable) what += ": " + printable(error->text);
      report.add(value.span.begin, std::move(what));
    }
    return !is_sensitive && !(error && error->is_unknown);
  }

  void check_alias(const Node& key, const Entry& entry) {
    const auto [first, is_new] = first_.try_emplace(std::string(canonical_property(key.text)), &entry);
    if (is_new || first->second->key.text == key.text) return;  // the same name twice is reported already
    const Node& other = first->second->key;
    section_.report().add(key.span.begin, in_quotes(key.text) + " is another name of " +
                                              in_quotes(other.text) + ", set in line " +
                                              std::to_string(other.span.begin.line + 1));
  }

  void add_unknown(const Entry& entry) {
    const std::vector<std::string_view> names(validators_.property_names.begin(),
                                              validators_.property_names.end());
    const Node& key = entry.key;
    const auto meant = nearest(key.text, names);
    const bool is_shown = meant || may_be_name(entry);
    if (!is_shown) section_.report().hide(entry.span());
    std::string what =
        "librdkafka has no " + (is_shown ? "property " + in_quotes(key.text) : "such property");
    if (meant) what += " (did you mean " + in_quotes(*meant) + "?)";
    section_.report().add(key.span.begin, std::move(what));
  }

  void check_password(const std::string& property, std::string_view file_option) {
    const auto entry = first_.find(property);
    const Node* file = section_.find(file_option);
    if (entry == first_.end() || file == nullptr || file->kind == Node::Kind::null) return;
    section_.report().add(
        file->span.begin,
        in_quotes(file_option) + " and the property " + in_quotes(property) + " are both set",
        "leave one of them out");
  }

  const Node& mapping_;
  const Section& section_;
  const Validators& validators_;
  std::map<std::string, const Entry*, std::less<>> first_;  ///< of each property, by its canonical name
};

}  // namespace

void check_postgres(const Postgres& postgres, const Section& section, const Validators& validators) {
  if (postgres.connection.empty()) return;
  switch (validators.connection(postgres.connection.reveal())) {
    case ConnectionVerdict::valid:
      return;
    case ConnectionVerdict::malformed:
      section.report().add(
          section.place("postgres.connection"), "`postgres.connection` is no connection string for libpq",
          "write `host=… dbname=… user=…` with spaces in values quoted, or `postgresql://user@host/dbname`");
      return;
    case ConnectionVerdict::valid_with_password:
      if (postgres.password_file) {
        section.report().add(
            section.place("postgres.password_file"),
            "`postgres.password_file` is set, and `postgres.connection` has a password in it",
            "leave one of them out");
      }
      return;
  }
}

void check_kafka(const Section& section, const Validators& validators) {
  static const Node none;
  const Node* mapping = section.find("kafka.properties");
  if (mapping != nullptr && (mapping->kind != Node::Kind::mapping || mapping->is_refused)) return;
  PropertyChecks(mapping == nullptr ? none : *mapping, section, validators).run();
}

}  // namespace outbox_relay::config
