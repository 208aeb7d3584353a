#pragma once

#include <string>

// How names are written in SQL.
namespace outbox_relay::postgres {

/// `"name"`, whatever is in the name.
[[nodiscard]] std::string quoted_name(const std::string& name);
/// `"schema"."name"`.
[[nodiscard]] std::string qualified(const std::string& schema, const std::string& name);

}  // namespace outbox_relay::postgres
