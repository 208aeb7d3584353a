#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace outbox_relay::testing {

/// Certificates of this test program, made by openssl in a folder that goes with this object: an authority
/// `ca`, signed by it `server`, for 127.0.0.1 and no other name, and `client`; and an authority that signed
/// neither, `other-ca`. Failures throw std::runtime_error.
class Certificates {
 public:
  Certificates();
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  /// `server.pem`, `server.key` and so on. The key of `client` is encrypted.
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string folder() const { return folder_.string(); }
  [[nodiscard]] static std::string client_key_password() { return "the client key's password"; }

 private:
  void make(const std::string& name, const std::vector<std::string>& options) const;

  std::filesystem::path folder_;
};

}  // namespace outbox_relay::testing
