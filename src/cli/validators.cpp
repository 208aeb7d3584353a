#include "cli/validators.h"

#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace outbox_relay::cli {
namespace {

struct DestroyConf {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
struct FreeConnectionOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

std::optional<config::PropertyError> property_error(std::string_view name, const std::string& value) {
  const std::unique_ptr<rd_kafka_conf_t, DestroyConf> scratch(rd_kafka_conf_new());
  std::array<char, 512> text{};
  const rd_kafka_conf_res_t result =
      rd_kafka_conf_set(scratch.get(), std::string(name).c_str(), value.c_str(), text.data(), text.size());
  if (result == RD_KAFKA_CONF_OK) return std::nullopt;
  std::string words(text.data());
  words.erase(words.find_last_not_of("\n ") + 1);
  return config::PropertyError{result == RD_KAFKA_CONF_UNKNOWN, std::move(words)};
}

/// librdkafka has no list of its properties but the table that it prints for its manual.
std::vector<std::string> property_names() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  if (stream == nullptr) return {};
  rd_kafka_conf_properties_show(stream);
  std::fclose(stream);
  const std::unique_ptr<char, decltype(&std::free)> owner(text, &std::free);

  std::vector<std::string> names;
  std::string_view rest(text, size);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::string_view name = line.substr(0, line.find_first_of(" |"));
    const bool is_row = line.find('|') != std::string_view::npos && name.find('.') != std::string_view::npos;
    if (is_row) names.emplace_back(name);
  }
  return names;
}

/// libpq's own words are not passed on: they repeat what it could not read, which may be half of a password.
config::ConnectionVerdict connection_verdict(const std::string& connection) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeConnectionOptions> options(
      PQconninfoParse(connection.c_str(), &error));
  PQfreemem(error);
  if (!options) return config::ConnectionVerdict::malformed;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    const bool is_password = std::string_view(option->keyword) == "password";
    if (is_password && option->val != nullptr) return config::ConnectionVerdict::valid_with_password;
  }
  return config::ConnectionVerdict::valid;
}

}  // namespace

config::Validators library_validators() {
  return {property_error, property_names(), connection_verdict};
}

}  // namespace outbox_relay::cli
