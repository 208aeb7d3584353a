// One connection: its deadlines, and what it sets.
#include "postgres/session.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "fixture.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::chrono_literals;

namespace {

postgres::ServerSettings server_settings() {
  postgres::ServerSettings settings;
  settings.connection = shared_postgres().connection_string();
  return settings;
}

}  // namespace

TEST_CASE("a session sets what the relay relies on", "[postgres][session]") {
  Connection connection{server_settings()};
  connection.connect();
  CHECK(connection.setting("search_path").empty());
  CHECK(connection.setting("row_security") == "off");
  CHECK(connection.setting("statement_timeout") == "30s");
  CHECK(connection.setting("lock_timeout") == "5s");
  CHECK(connection.setting("plan_cache_mode") == "force_generic_plan");
  CHECK(connection.setting("enable_seqscan") == "off");
  CHECK(connection.setting("tcp_user_timeout") == "10000");
  CHECK(connection.setting("client_encoding") == "UTF8");
  CHECK(connection.setting("application_name") == "outbox-relay");
}

TEST_CASE("a session that holds the lock ends when its relay falls silent", "[postgres][session]") {
  postgres::SessionUse use;
  use.ends_after_silence = 5s;
  Connection connection{server_settings(), use};
  connection.connect();
  CHECK(connection.setting("tcp_keepalives_idle") == "2");
  CHECK(connection.setting("tcp_keepalives_interval") == "1");
  CHECK(connection.setting("tcp_keepalives_count") == "3");
  CHECK(connection.setting("tcp_user_timeout") == "5000");
  if (connection.session.server_version() < 140000) return;
  CHECK(connection.setting("idle_session_timeout") == "5s");
  CHECK(connection.setting("client_connection_check_interval") == "1s");
}

TEST_CASE("a pooled session has its settings in each transaction, and only there", "[postgres][session]") {
  postgres::SessionUse use;
  use.is_pooled = true;
  Connection connection{server_settings(), use};
  connection.connect();
  CHECK(connection.setting("search_path").empty());
  CHECK(connection.setting("enable_seqscan") == "off");
  CHECK(connection.setting("plan_cache_mode") == "force_generic_plan");
  CHECK(connection.setting("tcp_user_timeout") == connection
                                                      .run("SELECT boot_val FROM pg_settings WHERE name = "
                                                           "'tcp_user_timeout'")
                                                      .text(0, 0));
  CHECK(connection.run("SELECT count(*) FROM pg_prepared_statements").bigint(0, 0) == 0);
  CHECK(connection.session.backend_pid() == 0);
}

TEST_CASE("whatever the server's default, each statement sees what was committed before it",
          "[postgres][session]") {
  const Database database;
  database.execute("ALTER DATABASE " + database.name() +
                   " SET default_transaction_isolation = 'repeatable read'");
  postgres::SessionUse use;
  use.is_pooled = GENERATE(true, false);
  Connection connection{database.plain_settings().server, use};
  connection.connect();
  CHECK(connection.setting("transaction_isolation") == "read committed");
  CHECK(connection.setting("transaction_isolation") == "read committed");
  CHECK(connection.said.empty());
  if (use.is_pooled) CHECK(connection.setting("default_transaction_isolation") == "repeatable read");
}

TEST_CASE("a session that cannot be set as the relay relies on is not open", "[postgres][session]") {
  auto settings = server_settings();
  settings.statement_timeout = 2147483648ms;  // one more than the server takes
  postgres::SessionUse use;
  use.is_pooled = GENERATE(false, true);
  Connection connection{settings, use};
  CHECK(failure_of([&] { connection.connect(); }).message ==
        "the server refused a statement (SQLSTATE 22023)");
  CHECK_FALSE(connection.session.is_open());
}

TEST_CASE("a guard begins every transaction, and its failure is the transaction's", "[postgres][session]") {
  Connection connection{server_settings()};
  connection.connect();
  connection.run("CREATE TEMPORARY TABLE guarded AS SELECT 1 AS divisor");
  connection.session.guard_with(postgres::Query{"SELECT 1 / divisor FROM pg_temp.guarded"});
  CHECK(connection.run("SELECT 'fine'").text(0, 0) == "fine");
  connection.run("UPDATE pg_temp.guarded SET divisor = 0");
  CHECK(failure_of([&] { connection.run("DELETE FROM pg_temp.guarded"); }).message ==
        "the server refused a statement (SQLSTATE 22012)");
  connection.session.guard_with(std::nullopt);
  CHECK(connection.run("SELECT count(*) FROM pg_temp.guarded").bigint(0, 0) == 1);
}

TEST_CASE("what the user's connection string says comes before our defaults", "[postgres][session]") {
  auto settings = server_settings();
  settings.connection += " application_name=mine options='-c geqo=off'";
  Connection connection{settings};
  connection.connect();
  CHECK(connection.setting("application_name") == "mine");
  CHECK(connection.setting("geqo") == "off");
}

TEST_CASE("a batch is one transaction, and each statement has its result", "[postgres][session]") {
  postgres::SessionUse use;
  use.is_pooled = GENERATE(false, true);
  Connection connection{server_settings(), use};
  connection.connect();
  std::vector<postgres::Query> batch;
  batch.emplace_back("SELECT $1").bigint(7);
  batch.emplace_back("SELECT txid_current()::text");
  batch.emplace_back("SELECT txid_current()::text");
  const auto results = connection.run(batch);
  REQUIRE(results.size() == 3);
  CHECK(results[0].bigint(0, 0) == 7);
  CHECK(results[1].text(0, 0) == results[2].text(0, 0));
}

TEST_CASE("a failed statement leaves the session ready for the next", "[postgres][session]") {
  postgres::SessionUse use;
  use.is_pooled = GENERATE(false, true);
  Connection connection{server_settings(), use};
  connection.connect();
  CHECK(failure_of([&] { connection.run("SELECT 1 / 0"); }).message ==
        "the server refused a statement (SQLSTATE 22012)");
  CHECK(failure_of([&] { connection.run("SELEC"); }).remedy == core::Remedy::operate);
  CHECK(connection.run("SELECT 'fine'").text(0, 0) == "fine");
}

TEST_CASE("statements that somebody deallocated are prepared again", "[postgres][session]") {
  Connection connection{server_settings()};
  connection.connect();
  CHECK(connection.run("SELECT 'fine'").text(0, 0) == "fine");
  connection.run("DEALLOCATE ALL");
  CHECK(connection.run("SELECT 'fine'").text(0, 0) == "fine");
}

TEST_CASE("large parameters and large results pass through the socket together", "[postgres][session]") {
  Connection connection{server_settings()};
  connection.connect();
  const std::string large(20 << 20, 'x');
  std::vector<postgres::Query> batch;
  for (int i = 0; i < 3; ++i) batch.emplace_back("SELECT $1").text(large);
  const auto results = connection.run(std::move(batch));
  for (const auto& result : results) CHECK(result.bytes(0, 0) == large);
}

TEST_CASE("a server that accepts and says nothing costs no more than the timeout", "[postgres][session]") {
  boost::asio::io_context silent;
  boost::asio::ip::tcp::acceptor acceptor{silent, {boost::asio::ip::address_v4::loopback(), 0}};
  postgres::ServerSettings settings;
  settings.connection =
      "host=127.0.0.1 user=u dbname=d port=" + std::to_string(acceptor.local_endpoint().port());
  settings.connect_timeout = 100ms;
  Connection connection{settings};
  const auto failure = failure_of([&] { connection.connect(); });
  CHECK(failure.reason == core::Reason::timeout);
  CHECK(failure.remedy == core::Remedy::rebuild);
  CHECK(failure.message == "PostgreSQL did not accept a connection within 100 ms");
}

TEST_CASE("close ends a connection that is being made", "[postgres][session]") {
  boost::asio::io_context silent;
  boost::asio::ip::tcp::acceptor acceptor{silent, {boost::asio::ip::address_v4::loopback(), 0}};
  postgres::ServerSettings settings;
  settings.connection =
      "host=127.0.0.1 user=u dbname=d port=" + std::to_string(acceptor.local_endpoint().port());
  Connection connection{settings};
  boost::asio::steady_timer soon{connection.context, 20ms};
  soon.async_wait([&](boost::system::error_code) { connection.session.close(); });
  CHECK(failure_of([&] { connection.connect(); }).remedy == core::Remedy::rebuild);
}

TEST_CASE("hosts that do not resolve or answer are failures of the connection", "[postgres][session]") {
  auto settings = server_settings();
  SECTION("nobody listens") {
    settings.connection = "host=127.0.0.1 port=1 user=u dbname=d";
  }
  SECTION("no such name") {
    settings.connection = "host=nowhere.invalid user=u dbname=d";
  }
  SECTION("no such socket") {
    settings.connection = "host=/nowhere user=u dbname=d";
  }
  Connection connection{settings};
  const auto failure = failure_of([&] { connection.connect(); });
  CHECK(failure.reason == core::Reason::connection);
  CHECK(failure.remedy == core::Remedy::rebuild);
}
