#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

// What handlers see of HTTP.
namespace outbox_relay::http {

/// A GET or HEAD request. The views are valid during the handler's call.
struct Request {
  std::string_view path;   ///< as sent, without the query; "/" at least
  std::string_view query;  ///< what follows the first '?'

  /// Whether the query has this parameter, with or without a value.
  [[nodiscard]] bool has_parameter(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  /// What a browser may do with it (Content-Security-Policy): nothing at all, for all but pages.
  std::string security_policy = "default-src 'none'; frame-ancestors 'none'";
};

/// Runs on the server's thread, so it must be quick. Called for HEAD too; the server leaves the body out.
using Handler = std::function<Response(const Request&)>;
/// By exact path.
using Routes = std::map<std::string, Handler, std::less<>>;

}  // namespace outbox_relay::http
