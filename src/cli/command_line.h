#pragma once

namespace outbox_relay::cli {

/// The whole program: reads the command line, carries out its command, returns the exit code.
[[nodiscard]] int run_command_line(int count, const char* const* arguments);

}  // namespace outbox_relay::cli
