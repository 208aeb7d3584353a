// Catch2 2 (Debian 12) and 3 (Debian 13) under one name.
#pragma once

#include <string>
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;  // Catch2 2 has it here
#else
#include <catch2/catch.hpp>
#endif

namespace outbox_relay::testing {

/// A matcher for text with `part` in it, for CHECK_THAT and CHECK_THROWS_WITH.
inline auto contains(const std::string& part) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(part);
#else
  return Catch::Matchers::Contains(part);
#endif
}

}  // namespace outbox_relay::testing
