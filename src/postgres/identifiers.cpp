#include "postgres/identifiers.h"

namespace outbox_relay::postgres {

std::string quoted_name(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string qualified(const std::string& schema, const std::string& name) {
  return quoted_name(schema) + "." + quoted_name(name);
}

}  // namespace outbox_relay::postgres
