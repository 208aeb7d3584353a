#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "support/catch.h"
#include "support/process.h"
#include "support/relay_program.h"

using namespace outbox_relay::testing;

TEST_CASE("a start without threads for librdkafka is worth another one, and says so") {
  const RelayProgram relay{OUTBOX_RELAY_PROGRAM,
                           "postgres: { connection: \"host=127.0.0.1 port=1 dbname=d user=u password=p\" }\n"
                           "kafka: { properties: { bootstrap.servers: \"127.0.0.1:1\" } }\n"
                           "http: { listen: \"127.0.0.1:0\" }\nlog: { format: logfmt }\n"
                           "outboxes: [{ name: orders, table: public.outbox, topic: t }]\n",
                           {.environment = {"LD_PRELOAD=" NO_THREADS}, .wrapper = {}}};
  CHECK(relay.process().wait() == 69);
  CHECK(relay.log().find("_CRIT_SYS_RESOURCE") != std::string::npos);
  CHECK(relay.log().find("raise this process's limits") != std::string::npos);
}

TEST_CASE("SIGHUP does not end a relay that is still starting") {
  const auto file =
      std::filesystem::temp_directory_path() / ("outbox-relay-starting-" + std::to_string(::getpid()));
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  const Process relay{{OUTBOX_RELAY_PROGRAM, "run", "-c", file.string()}};
  {
    std::ofstream configuration{file};  // waits until the relay reads
    relay.signal(SIGHUP);
    configuration << "unknown: 1\n";
  }
  CHECK(relay.wait() == 78);
  std::filesystem::remove(file);
}
