#include "support/pgbouncer.h"

namespace outbox_relay::testing {

PgBouncer::PgBouncer(const PostgresServer& server, const std::vector<std::string>& settings,
                     std::string_view user)
    : settings_(settings), user_(user) {
  start(server);
}

void PgBouncer::start(const PostgresServer& server) {
  const auto to = "host=" + server.host() + " port=" + server.port() + " user=" + user_ +
                  " password=" + server.password();
  script_.start(settings_, {"--to", to});
}

void PgBouncer::kill() const {
  script_.run("kill");
}

std::string PgBouncer::connection_string(std::string_view database) const {
  return "host=" + script_.variable("PGBOUNCER_HOST") + " port=" + script_.variable("PGBOUNCER_PORT") +
         " user=" + user_ + " dbname=" + std::string{database};
}

}  // namespace outbox_relay::testing
