// SIGHUP: what another configuration changes, and what it leaves alone.
#include <atomic>
#include <csignal>
#include <thread>

#include "shop.h"
#include "support/catch.h"
#include "support/notify_socket.h"

using namespace outbox_relay::testing;

namespace {

/// A second outbox, on a table of its own.
std::string audit_outbox(const Shop& shop, const std::string& further_lines = "") {
  return "  - name: audit\n    table: public.audit\n    topic: " + shop.topic() + "\n" + further_lines;
}

void create_audit_table(const Shop& shop) {
  shop.execute(
      "CREATE TABLE audit (LIKE outbox INCLUDING ALL); GRANT SELECT, UPDATE, DELETE ON audit TO "
      "outbox_relay; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO outbox_relay");
}

void insert_audit_row(const Shop& shop) {
  shop.execute("INSERT INTO audit (aggregatetype, aggregateid, type, payload) VALUES ('a', 'k', 'c', '1')");
}

bool is_audit_relayed(const Shop& shop) {
  return eventually([&] { return shop.value("SELECT count(*) FROM audit WHERE sent_at IS NULL") == "0"; });
}

/// What an outbox had to do with its servers since the process was started.
struct Contacts {
  double data_connections = 0;
  double producers = 0;

  friend bool operator==(const Contacts&, const Contacts&) = default;
};

Contacts contacts(const Shop& shop, const std::string& outbox) {
  const auto metric = [&](const std::string& family, const std::string& labels) {
    return shop.metric("outbox_relay_" + family + "{outbox=\"" + outbox + "\"" + labels + "}").value();
  };
  return {metric("connections_opened_total", ",purpose=\"complete\""), metric("producers_created_total", "")};
}

double reload_successful(const Shop& shop) {
  return shop.metric("outbox_relay_config_last_reload_successful").value();
}

}  // namespace

TEST_CASE("a file with mistakes changes nothing, and the log says what check would") {
  Shop shop;
  shop.start(orders_outbox(shop.topic()));
  shop.insert(10);
  REQUIRE(shop.is_relayed());
  const auto before = contacts(shop, "orders");

  CHECK_FALSE(shop.reload("  - name: orders\n    table: public.outbox\n    tpoic: t\n"));
  CHECK(shop.log().find("error=\"unknown key `tpoic` in `outboxes` (did you mean `topic`?)\"") !=
        std::string::npos);
  CHECK(shop.log().find("problems=2 ") != std::string::npos);  // the topic is missing, too
  CHECK(reload_successful(shop) == 0);
  CHECK(shop.get("/readyz").status == 200);
  shop.insert(10);
  REQUIRE(shop.is_relayed());
  CHECK(contacts(shop, "orders") == before);

  CHECK(shop.reload(orders_outbox(shop.topic())));
  CHECK(reload_successful(shop) == 1);
  CHECK(shop.log().find("started=0 restarted=0 stopped=0 unchanged=1") != std::string::npos);
  CHECK(contacts(shop, "orders") == before);
}

TEST_CASE("a configuration that no producer could be made of is refused, too") {
  Shop shop;
  shop.start(orders_outbox(shop.topic()));
  const auto [lines, said] = GENERATE(table<std::string, std::string>({
      {"    ssl.ca.location: /nowhere/ca.pem\n    security.protocol: ssl\n", "ssl.ca.location failed"},
      {"  sasl_password_file: /nowhere/password\n", "the secret file `/nowhere/password` cannot be opened"},
  }));
  CHECK_FALSE(shop.reload_with(Shop::configuration(shop.servers() + lines, orders_outbox(shop.topic()))));
  INFO(shop.log());
  CHECK(shop.log().find(said) != std::string::npos);
  CHECK(reload_successful(shop) == 0);
  shop.insert(10);
  CHECK(shop.is_relayed());
}

TEST_CASE("an outbox that changes again and again while rows flow loses, repeats and reorders none") {
  Shop shop;
  const auto with_page = [&](int rows) {
    return orders_outbox(shop.topic(), "    page_rows: " + std::to_string(rows) + "\n");
  };
  const auto completed = [&shop] { return shop.metric_of("rows_completed_total"); };
  shop.start(with_page(1000));
  std::atomic<bool> is_enough = false;
  std::thread writer{[&] {
    while (!is_enough) shop.insert(100, 50);
  }};
  CHECK(eventually([&] { return completed() > 0; }));
  for (int rows = 100; rows < 120; ++rows) {
    CHECK(shop.reload(with_page(rows)));
    if (rows % 4 == 0) shop.relay().signal(SIGHUP);  // one more, while the first is carried out
    CHECK(shop.get("/readyz").body == "ok\n");
    if (rows % 2 == 0) continue;  // the next change comes at once, or after some rows
    const double before = completed();
    CHECK(eventually([&] { return completed() > before; }));
  }
  is_enough = true;
  writer.join();
  REQUIRE(shop.is_relayed());

  const auto records = shop.records();
  const auto numbers = numbers_by_key(records);
  const auto written = std::stoul(shop.value("SELECT count(*) FROM outbox"));
  CHECK(rows_in(numbers) == written);
  CHECK(records.size() == written);
  CHECK(are_in_order(numbers));
  CHECK(completed() == static_cast<double>(written));  // counters go on
  CHECK(contacts(shop, "orders").producers >= 5);
}

TEST_CASE("an outbox whose settings have not changed takes no notice of a reload") {
  Shop shop;
  create_audit_table(shop);
  shop.start(orders_outbox(shop.topic()) + audit_outbox(shop));
  shop.insert(10);
  insert_audit_row(shop);
  REQUIRE(shop.is_relayed());
  REQUIRE(is_audit_relayed(shop));
  const auto orders = contacts(shop, "orders"), audit = contacts(shop, "audit");

  CHECK(shop.reload(audit_outbox(shop, "    page_rows: 17\n") + orders_outbox(shop.topic())));
  insert_audit_row(shop);
  REQUIRE(is_audit_relayed(shop));
  CHECK(contacts(shop, "orders") == orders);
  CHECK(contacts(shop, "audit") == Contacts{audit.data_connections + 1, audit.producers + 1});

  SECTION("but what all outboxes use restarts all of them") {
    const bool is_kafka = GENERATE(true, false);
    CHECK(shop.reload_with(Shop::configuration(
        is_kafka
            ? shop.servers() + "    linger.ms: 2\n"
            : "postgres: { connection: \"" + shop.relay_connection_string() +
                  "\", statement_timeout: 29s }\n" + shop.servers().substr(shop.servers().find("kafka:")),
        audit_outbox(shop, "    page_rows: 17\n") + orders_outbox(shop.topic()))));
    CHECK(eventually([&] {
      return contacts(shop, "orders") == Contacts{orders.data_connections + 1, orders.producers + 1} &&
             contacts(shop, "audit") == Contacts{audit.data_connections + 2, audit.producers + 2};
    }));
  }
}

TEST_CASE("a replay under way goes on when its outbox is changed, and repeats none") {
  Shop shop;
  const std::string often = "    sample_interval: 200ms\n";
  shop.start(orders_outbox(shop.topic(), often));
  shop.insert(1000);
  REQUIRE(shop.is_relayed());
  shop.execute(
      "INSERT INTO outbox_relay.replay (table_schema, table_name, table_oid, last_id, rows_per_second, "
      "wanted_rows) VALUES ('public', 'outbox', 'outbox'::regclass, '1000', 500, 1000)");
  REQUIRE(eventually(
      [&shop] { return shop.value("SELECT replayed_rows >= 100 FROM outbox_relay.replay") == "t"; }));
  REQUIRE(shop.value("SELECT state FROM outbox_relay.replay") == "running");

  REQUIRE(shop.reload(orders_outbox(shop.topic(), often + "    page_rows: 17\n")));
  REQUIRE(eventually([&shop] { return shop.value("SELECT state FROM outbox_relay.replay") == "done"; }));
  CHECK(shop.records().size() == 2000);
  CHECK(shop.metric_of("records_replayed_total") == 1000);
}

TEST_CASE("outboxes come and go, with their metrics and their leads") {
  Shop shop;
  create_audit_table(shop);
  shop.start(orders_outbox(shop.topic()));
  shop.insert(10);
  insert_audit_row(shop);
  REQUIRE(shop.is_relayed());
  CHECK(shop.value("SELECT count(*) FROM audit WHERE sent_at IS NULL") == "1");

  REQUIRE(shop.reload(orders_outbox(shop.topic()) + audit_outbox(shop)));
  CHECK(is_audit_relayed(shop));
  CHECK(shop.log().find("started=1 restarted=0 stopped=0 unchanged=1") != std::string::npos);

  REQUIRE(shop.reload(audit_outbox(shop)));
  CHECK(shop.log().find("started=0 restarted=0 stopped=1 unchanged=1") != std::string::npos);
  CHECK(eventually(
      [&shop] { return shop.get("/metrics").body.find("outbox=\"orders\"") == std::string::npos; }));
  CHECK(shop.get("/readyz?verbose").body.find("orders") == std::string::npos);
  CHECK(shop.get("/readyz").status == 200);
  CHECK(shop.value("SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = "
                   "'advisory' AND datname = current_database()") == "1");

  // The same table under another label.
  REQUIRE(shop.reload("  - name: bills\n    table: public.audit\n    topic: " + shop.topic() + "\n"));
  insert_audit_row(shop);
  CHECK(is_audit_relayed(shop));
  CHECK(eventually([&shop] { return shop.get("/metrics").body.find("\"audit\"") == std::string::npos; }));
  CHECK(shop.metric("outbox_relay_rows_completed_total{outbox=\"bills\"}") == 1);
  shop.relay().signal(SIGTERM);
  CHECK(shop.relay().wait() == 0);
}

TEST_CASE("the log's level changes at once, and what needs a restart is named") {
  Shop shop;
  shop.start(orders_outbox(shop.topic()));
  shop.insert(1);
  REQUIRE(shop.is_relayed());
  CHECK(shop.log().find("level=debug") == std::string::npos);
  const auto with = [&](const std::string& process) {
    return shop.servers() + process + "outboxes:\n" + orders_outbox(shop.topic());
  };

  CHECK(shop.reload_with(
      with("http: { listen: \"127.0.0.1:0\" }\nlog: { format: logfmt, level: debug }\ndrain_timeout: 7s\n")));
  shop.insert(1);
  CHECK(eventually([&shop] { return shop.log().find("level=debug") != std::string::npos; }));
  CHECK(shop.log().find("restart the relay") == std::string::npos);

  CHECK(shop.reload_with(with("http: { listen: \"127.0.0.1:1\" }\nlog: { format: json, level: info }\n")));
  CHECK(eventually(
      [&shop] { return shop.log().find("options=\"http.listen, log.format\"") != std::string::npos; }));
  CHECK(reload_successful(shop) == 1);
  CHECK(contacts(shop, "orders").producers == 1);
}

TEST_CASE("what cannot be settled within drain_timeout is given up by a reload, and published again") {
  KafkaServer kafka;
  Shop shop{shared_postgres(), kafka};
  const std::string servers = shop.servers() + "drain_timeout: 500ms\n";
  shop.start_with(servers, orders_outbox(shop.topic()));
  shop.insert(100);
  REQUIRE(shop.is_relayed());
  kafka.kill();
  shop.insert(100);
  REQUIRE(eventually([&shop] { return shop.metric_of("in_flight_rows") > 0; }));

  CHECK(shop.reload_with(Shop::configuration(servers, orders_outbox(shop.topic(), "    page_rows: 17\n"))));
  REQUIRE(eventually([&shop] { return contacts(shop, "orders").producers == 2; }));
  CHECK(shop.log().find("drain_timeout has passed") != std::string::npos);
  CHECK(shop.get("/livez").status == 200);
  kafka.start();
  REQUIRE(shop.is_relayed());
  const auto numbers = numbers_by_key(shop.records());
  CHECK(rows_in(numbers) == 200);
  CHECK(are_in_order(numbers));
}

TEST_CASE("SIGTERM during a reload ends the relay, and SIGHUP while it drains does nothing") {
  KafkaServer kafka;
  Shop shop{shared_postgres(), kafka};
  shop.start(orders_outbox(shop.topic()));
  shop.insert(10);
  REQUIRE(shop.is_relayed());

  SECTION("in order") {
    REQUIRE(shop.reload(orders_outbox(shop.topic(), "    page_rows: 17\n")));
    shop.relay().signal(SIGTERM);
    shop.relay().signal(SIGHUP);
    CHECK(shop.relay().wait() == 0);
  }
  SECTION("at once when a second one comes, although Kafka does not answer") {
    kafka.kill();
    shop.insert(10);
    REQUIRE(eventually([&shop] { return shop.metric_of("in_flight_rows") > 0; }));
    REQUIRE(shop.reload(orders_outbox(shop.topic(), "    page_rows: 17\n")));
    shop.relay().signal(SIGTERM);
    REQUIRE(eventually([&shop] { return shop.log().find("signal received") != std::string::npos; }));
    CHECK(shop.get("/readyz").status == 503);
    shop.relay().signal(SIGHUP);
    shop.relay().signal(SIGTERM);
    CHECK(shop.relay().wait() == 1);
  }
}

TEST_CASE("systemd hears when the configuration is read again") {
  Shop shop;
  NotifySocket systemd;
  shop.start(orders_outbox(shop.topic()),
             {.environment = {"NOTIFY_SOCKET=" + systemd.name()}, .wrapper = {}});
  REQUIRE(eventually([&systemd] { return !systemd.messages().empty(); }));
  REQUIRE(shop.reload(orders_outbox(shop.topic())));
  REQUIRE(eventually([&systemd] { return systemd.messages().size() == 3; }));
  CHECK(systemd.messages().at(1).starts_with("RELOADING=1\nMONOTONIC_USEC="));
  CHECK(systemd.messages().at(2) == "READY=1");
}
