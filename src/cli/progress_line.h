#pragma once

#include <string_view>

namespace outbox_relay::cli {

/// How far something long has come: one line of standard error that is gone at the end; nothing where that is
/// no terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(std::string_view text);

 private:
  bool is_terminal_;
  bool is_shown_ = false;
};

}  // namespace outbox_relay::cli
