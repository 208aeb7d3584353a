#pragma once

#include <string_view>

// Where the fault tests take hold of the program (tests/faults/README.md). Compiled in by the CMake option
// OUTBOX_RELAY_FAILPOINTS, which the presets for tests set and the release preset does not; else all of this
// is nothing.
//
// The environment variable OUTBOX_RELAY_FAILPOINTS is a list such as `fetched=kill@37,no_gate=on`.
namespace outbox_relay::core {

#ifdef OUTBOX_RELAY_FAILPOINTS
/// A named point of a row's journey. When it is passed for the Nth time, `NAME=kill@N` ends the process as
/// SIGKILL does, and `NAME=bug@N` throws what nobody expects. Any thread.
void failpoint(std::string_view name);
/// Whether a rule is to be broken on purpose (`NAME=on`), to prove that the verifier sees it.
[[nodiscard]] bool is_mutated(std::string_view name);
/// Whether any of this is compiled in.
inline constexpr bool has_failpoints = true;
#else
constexpr void failpoint(std::string_view) {}
[[nodiscard]] constexpr bool is_mutated(std::string_view) {
  return false;
}
inline constexpr bool has_failpoints = false;
#endif

}  // namespace outbox_relay::core
