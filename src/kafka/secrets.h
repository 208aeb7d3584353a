#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outbox_relay::kafka {

/// Takes secrets out of librdkafka's texts, some of which quote a property's value, or its end: "Unrecognized
/// sasl.oauthbearer.config beginning at: …".
class Secrets {
 public:
  /// Shorter ends of a secret stay, unless they are all of it: they would be found in every text.
  static constexpr std::size_t shortest_end = 4;

  explicit Secrets(std::vector<std::string> values = {});

  /// Also takes these out from now on.
  void add(const std::vector<std::string>& values);

  /// The text with "…" in the place of each secret and of each end of one.
  [[nodiscard]] std::string out_of(std::string_view text) const;

 private:
  /// How much of what `text` begins with is a secret, or the end of one.
  [[nodiscard]] std::size_t length_at_begin(std::string_view text) const;

  std::vector<std::string> values_;  ///< none is empty
};

}  // namespace outbox_relay::kafka
