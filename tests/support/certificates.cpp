#include "support/certificates.h"

#include <stdexcept>

#include "support/process.h"
#include "support/server_script.h"

namespace outbox_relay::testing {

Certificates::Certificates() : folder_{make_temporary_directory("certificates")} {
  for (const char* authority : {"ca", "other-ca"}) {
    make(authority, {"-noenc", "-addext", "keyUsage=critical,keyCertSign"});
  }
  const std::vector<std::string> signed_by_ca = {
      "-addext", "basicConstraints=critical,CA:FALSE", "-CA", file("ca.pem"), "-CAkey", file("ca.key")};
  auto server = signed_by_ca;
  server.insert(server.end(), {"-noenc", "-addext", "subjectAltName=IP:127.0.0.1"});
  make("server", server);
  auto client = signed_by_ca;
  client.insert(client.end(), {"-passout", "pass:" + client_key_password()});
  make("client", client);
}

Certificates::~Certificates() {
  std::filesystem::remove_all(folder_);
}

void Certificates::make(const std::string& name, const std::vector<std::string>& options) const {
  std::vector<std::string> command = {"openssl",
                                      "req",
                                      "-x509",
                                      "-newkey",
                                      "ec",
                                      "-pkeyopt",
                                      "ec_paramgen_curve:prime256v1",
                                      "-days",
                                      "2",
                                      "-subj",
                                      "/CN=" + name,
                                      "-keyout",
                                      file(name + ".key"),
                                      "-out",
                                      file(name + ".pem")};
  command.insert(command.end(), options.begin(), options.end());
  const auto finished = run(command);
  if (finished.code != 0) throw std::runtime_error("no certificate " + name + ": " + finished.errors);
}

}  // namespace outbox_relay::testing
