// Notifications: those who write rows can wake the relay.
#include "fixture.h"
#include "support/catch.h"
#include "support/pgbouncer.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;

namespace {

constexpr auto insert_row = "INSERT INTO outbox (aggregatetype, type) VALUES ('a', 't')";

struct ListeningOutbox : Database {
  ListeningOutbox() {
    deploy("outbox.sql");
    deploy("notify.sql");
  }

  [[nodiscard]] postgres::Settings listening(const std::string& channel = "outbox") const {
    auto with_channel = settings();
    with_channel.notify_channel = channel;
    return with_channel;
  }
};

}  // namespace

TEST_CASE("a committed row wakes a relay that listens, one that is rolled back does not",
          "[postgres][listening]") {
  const ListeningOutbox database;
  Relay relay{database.listening()};
  relay.open();
  REQUIRE(relay.source().is_listening());
  database.execute("BEGIN; " + std::string(insert_row) + "; ROLLBACK");
  CHECK(relay.has_no_notification());
  database.execute(insert_row);
  CHECK(relay.next_notification());
  CHECK(ids(relay.fetch().page).size() == 1);
}

TEST_CASE("any number of rows and statements of one transaction wake it once", "[postgres][listening]") {
  const ListeningOutbox database;
  Relay relay{database.listening()};
  relay.open();
  database.execute(
      "BEGIN; INSERT INTO outbox (aggregatetype, type) SELECT 'a', 't' FROM generate_series(1, 50); " +
      std::string(insert_row) + "; COMMIT");
  CHECK(relay.next_notification());
  CHECK(relay.has_no_notification());
}

TEST_CASE("a notification that comes with the answer to another statement is not lost",
          "[postgres][listening]") {
  const ListeningOutbox database;
  Relay relay{database.listening()};
  relay.open();
  database.execute(insert_row);
  relay.survey({0, 1, 100});
  CHECK(relay.next_notification());
}

TEST_CASE("what a fetch has seen wakes nobody any more", "[postgres][listening]") {
  const ListeningOutbox database;
  Relay relay{database.listening()};
  relay.open();
  database.execute(insert_row);
  relay.survey({0, 1, 100});  // with it comes the notification
  relay.fetch();
  CHECK(relay.has_no_notification());
}

TEST_CASE("what is committed between the opening and the first fetch wakes it, too",
          "[postgres][listening]") {
  const ListeningOutbox database;
  Relay relay{database.listening()};
  relay.open();
  database.execute(insert_row);
  relay.open();
  database.execute(insert_row);
  CHECK(relay.next_notification());
  CHECK(relay.fetch().page.rows.size() == 2);
}

TEST_CASE("a session that is lost while it listens is noticed without a statement", "[postgres][listening]") {
  const ListeningOutbox database;
  Relay relay{database.listening()};
  relay.open();
  database.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
      "pg_backend_pid()");
  CHECK(failure_of([&] { relay.next_notification(); }).remedy == core::Remedy::rebuild);
  relay.open();
  database.execute(insert_row);
  CHECK(relay.next_notification());
}

TEST_CASE("a channel may have any name", "[postgres][listening]") {
  const ListeningOutbox database;
  Relay relay{database.listening("Orders \"of\" the shop")};
  relay.open();
  database.execute("SELECT pg_notify('Orders \"of\" the shop', '')");
  CHECK(relay.next_notification());
}

TEST_CASE("one that stands by listens to nothing", "[postgres][listening]") {
  const ListeningOutbox database;
  Relay relay{database.listening()};
  relay.open();
  Relay other{database.listening()};
  CHECK_FALSE(other.take_lead());
  CHECK(failure_of([&] { other.next_notification(); }).message ==
        "the connection to PostgreSQL was lost: it is closed");
}

TEST_CASE("a relay that uses leases does not listen, and leaves nothing in a pool",
          "[postgres][listening][pooler]") {
  const ListeningOutbox database;
  database.deploy("control.sql");
  const PgBouncer pooler{shared_postgres(), {"default_pool_size=1", "server_login_retry=1"}};
  auto settings = database.listening();
  settings.server.connection = pooler.connection_string(database.name());
  settings.control_schema = "outbox_relay";
  settings.coordination = postgres::Coordination::lease;
  Relay relay{settings};
  relay.open();
  CHECK_FALSE(relay.source().is_listening());
  CHECK(relay.notices() ==
        std::vector<std::string>{"`notify_channel` is not used with `coordination: lease`: no notification "
                                 "passes a pooler"});
  Client neighbour{pooler.connection_string(database.name())};
  CHECK(neighbour.value("SELECT count(*) FROM pg_listening_channels()") == "0");
}
