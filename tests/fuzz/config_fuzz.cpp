// The configuration reader: a whole file, with the values of librdkafka and libpq judged by these themselves.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cli/validators.h"
#include "config/load.h"
#include "config/show.h"
#include "core/utf8.h"
#include "require.h"

using namespace outbox_relay;
using fuzzing::require;

namespace {

constexpr std::string_view canary = "canary-7f3a";

std::variant<config::Config, config::Problems> load(std::string text) {
  static const config::Validators validators = cli::library_validators();
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "SECRET") return std::string(canary);
    if (name == "EMPTY") return std::string();
    return std::nullopt;
  };
  return config::load("relay.yaml", std::move(text), environment, validators);
}

/// A terminal shows it as it is, line by line, and nothing of it came out of a variable.
void check_said(const config::Problems& problems, std::string_view file) {
  require(!problems.list.empty(), "a file that is refused has a problem");
  const std::string said = config::to_text(problems);
  // libFuzzer learns the value from this very comparison, and writes it into the file.
  const bool stands_in_file = file.find(canary) != std::string_view::npos;
  require(stands_in_file || said.find(canary) == std::string::npos, "what a variable holds is not shown");
  for (std::string_view rest = said; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    require(core::replace_controls(line, "") == line, "a problem is text that a terminal can show");
    rest.remove_prefix(line.size() + (line.size() < rest.size() ? 1 : 0));
  }
}

/// What `config show` prints is a file that comes to the same.
void check_shown(const config::Config& config) {
  const std::string shown = config::to_yaml(config, "host=db");
  const auto again = load(shown);
  const auto* read = std::get_if<config::Config>(&again);
  require(read != nullptr, "what is shown of a configuration is a right file");
  require(config::to_yaml(*read, "host=db") == shown, "what is shown of a configuration comes to the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto result = load(std::string(file));
  if (const auto* problems = std::get_if<config::Problems>(&result)) {
    check_said(*problems, file);
  } else {
    check_shown(std::get<config::Config>(result));
  }
  return 0;
}
