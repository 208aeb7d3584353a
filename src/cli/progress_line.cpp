#include "cli/progress_line.h"

#include <unistd.h>

#include <iostream>

namespace outbox_relay::cli {

namespace {

constexpr std::string_view clear_line = "\r\033[K";

}  // namespace

ProgressLine::ProgressLine() : is_terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (is_shown_) std::cerr << clear_line << std::flush;
}

void ProgressLine::show(std::string_view text) {
  if (!is_terminal_) return;
  is_shown_ = true;
  std::cerr << clear_line << text << " …" << std::flush;
}

}  // namespace outbox_relay::cli
