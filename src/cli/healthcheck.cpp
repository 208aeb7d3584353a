#include <iostream>

#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/exit_code.h"
#include "cli/http_get.h"
#include "http/address.h"

namespace outbox_relay::cli {
namespace {

/// Where a relay with this configuration can be asked from the same machine.
std::string livez_url(const config::Endpoint& listen) {
  http::ListenAddress address{listen.address, listen.port};
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return "http://" + address.to_string() + "/livez";
}

}  // namespace

int healthcheck(const HealthcheckOptions& options) {
  std::string text = options.url;
  if (options.config_file) {
    const auto result = load_config(*options.config_file);
    if (const auto* problems = std::get_if<config::Problems>(&result)) {
      std::cerr << config::to_text(*problems);
      return exit_configuration;
    }
    text = livez_url(std::get<config::Config>(result).http.listen);
  }
  const auto url = parse_http_url(text);
  if (!url) {
    std::cerr << "outbox-relay: `" << text << "` is not a URL like http://127.0.0.1:8980/livez\n";
    return exit_usage;
  }
  const auto result = http_get(*url, options.timeout);
  if (const auto* reason = std::get_if<std::string>(&result)) {
    std::cerr << "outbox-relay: " << text << " cannot be reached: " << *reason << '\n';
    return exit_unavailable;
  }
  const auto& answer = std::get<HttpAnswer>(result);
  std::cout << text << ": " << answer.status << ' ' << answer.first_line << '\n';
  return answer.status == 200 ? exit_done : exit_unexpected;
}

}  // namespace outbox_relay::cli
