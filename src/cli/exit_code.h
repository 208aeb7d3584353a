#pragma once

namespace outbox_relay::cli {

// How the program ends. 69 and 78 are EX_UNAVAILABLE and EX_CONFIG of sysexits.h, so that supervisors can
// tell a configuration to be mended from a server to be waited for.
inline constexpr int exit_done = 0;
inline constexpr int exit_unexpected = 1;  ///< a bug, a drain cut short, an answer that says "not well"
inline constexpr int exit_usage = 2;
inline constexpr int exit_unavailable = 69;  ///< a server or object
inline constexpr int exit_configuration = 78;

}  // namespace outbox_relay::cli
