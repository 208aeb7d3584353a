#pragma once

#include <cstdio>
#include <cstdlib>

namespace outbox_relay::fuzzing {

/// What must hold for every input. libFuzzer keeps the input of a process that aborts.
inline void require(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "must hold for every input: %s\n", what);
  std::abort();
}

}  // namespace outbox_relay::fuzzing
