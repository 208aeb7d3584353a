#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

// Configurations as texts, and what is said about them.
namespace outbox_relay::config::testing {

using Variables = std::map<std::string, std::string, std::less<>>;

/// A librdkafka that knows a handful of properties and repeats the value it refuses, and a libpq that knows
/// `key=value`.
[[nodiscard]] const Validators& validators();

/// The configuration; a test failure with its problems when there are any.
[[nodiscard]] Config loaded(std::string text, const Variables& variables = {});

/// What is wrong with a file named `relay.yaml`, as people see it; empty when it is right.
[[nodiscard]] std::string problems(std::string text, const Variables& variables = {});

/// A right file of nine lines, with more lines for its outbox (indented by four) from line 10 on.
[[nodiscard]] std::string with_outbox(std::string_view outbox);

/// The same with more lines for the properties (indented by four) from line 6 on.
[[nodiscard]] std::string with_property(std::string_view property);

[[nodiscard]] std::string as_it_is(std::string_view text);

/// A text in a file, and all that is said about the file.
struct Case {
  std::string_view title;
  std::string_view written;
  std::string_view said;
  Variables variables{};
};

/// Checks that the problems of each file, made from what is written by `wrap`, are exactly what is said.
void check_each(const std::vector<Case>& cases, std::string (*wrap)(std::string_view));

}  // namespace outbox_relay::config::testing
