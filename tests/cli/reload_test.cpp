#include "cli/reload.h"

#include "config/difference.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::cli;
using namespace std::chrono_literals;

TEST_CASE("a new configuration is in force, but for what a running process cannot change", "[cli]") {
  config::Config present;
  present.http.listen = {"127.0.0.1", 8980};
  config::Config next = present;
  next.postgres.connect_timeout = 7s;
  next.kafka.sasl_password_file = "password";
  next.outboxes.emplace_back().name = "orders";
  next.log.level = config::LogLevel::error;
  next.drain_timeout = 9s;
  CHECK(in_force_after(present, next) == next);

  next.http.listen.port = 1;
  next.log.format = config::LogFormat::json;
  CHECK(config::differing_options(in_force_after(present, next), next) ==
        std::vector<std::string_view>{"http.listen", "log.format"});
}
