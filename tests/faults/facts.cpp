#include "facts.h"

#include <sstream>

namespace outbox_relay::testing {

std::string digest_of(const std::optional<std::string>& bytes) {
  if (!bytes) return "null";
  std::ostringstream text;
  text << bytes->size() << ':' << std::hex << hash_of(*bytes);
  return text.str();
}

std::string digest_of(const std::vector<Header>& headers) {
  std::string all;
  for (const Header& header : headers) {
    all += std::to_string(header.name.size()) + ':' + header.name;
    all += header.value ? std::to_string(header.value->size()) + ':' + *header.value : "null";
  }
  return std::to_string(headers.size()) + '/' + digest_of(std::optional{all});
}

}  // namespace outbox_relay::testing
