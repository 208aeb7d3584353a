#pragma once

#include <string>
#include <variant>

namespace outbox_relay::config {

/// What is wrong with a text, as the rest of a sentence that begins with the text: "needs a unit". It never
/// repeats a part of the text, which may have come out of a variable.
struct Wrong {
  std::string what;
  std::string hint{};
  std::string meant{};  ///< the nearest right text, of several known ones
};

/// A value read from a text, or what is wrong with the text.
template <class T>
using Parsed = std::variant<T, Wrong>;

}  // namespace outbox_relay::config
