// Whether completions that were acknowledged are there still, after a failover or a crash.
#include <optional>

#include "fixture.h"
#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay::postgres;
using namespace outbox_relay::testing;

namespace {

void complete_a_row(const Database& database, Relay& relay, bool is_place_known = true) {
  database.execute("INSERT INTO outbox (payload) VALUES ('x')");
  Published page{relay.fetch()};
  if (!is_place_known) page.distrust_places();
  REQUIRE(relay.complete(page.rows()) == 1);
}

/// A relay that completes a row on a primary, for a crash of that one and the promotion of its standby.
class Promotion {
 public:
  explicit Promotion(Completion completion = Completion::mark) {
    database_.execute(plain_outbox);
    relay_.emplace(settings(completion));
    relay_->open();
  }

  void complete() { complete_a_row(database_, *relay_); }
  void await_standby() {
    const auto written = primary_.value("SELECT pg_current_wal_insert_lsn()");
    REQUIRE(eventually(
        [&] { return standby_.value("SELECT pg_last_wal_replay_lsn() >= '" + written + "'") == "t"; }));
  }
  /// Whatever is written from now on is lost.
  void cut_off_standby() {
    standby_.execute("ALTER SYSTEM SET primary_conninfo = ''");
    standby_.execute("SELECT pg_reload_conf()");
    REQUIRE(eventually([&] { return standby_.value("SELECT count(*) FROM pg_stat_wal_receiver") == "0"; }));
  }

  bool are_completions_lost() {
    primary_.stop(PostgresServer::Stop::immediate);
    standby_.promote();
    return relay_->open().may_have_lost_completions;
  }

 private:
  Settings settings(Completion completion) {
    auto result = database_.plain_settings();
    result.table.completion = completion;
    result.server.connection = "host=" + primary_.host() + "," + standby_.host() +
                               " port=" + primary_.port() + "," + standby_.port() +
                               " user=postgres password=" + primary_.password() +
                               " dbname=" + database_.name() + " target_session_attrs=read-write";
    return result;
  }

  PostgresServer primary_;
  Database database_{primary_};
  PostgresServer standby_{PostgresServer::StandbyOf{primary_}};
  std::optional<Relay> relay_;
};

}  // namespace

TEST_CASE("a source says whether a failover has taken completions back", "[postgres][last_completion]") {
  SECTION("there were none") {
    CHECK_FALSE(Promotion{}.are_completions_lost());
  }
  SECTION("the standby has them") {
    Promotion promotion;
    promotion.complete();
    promotion.await_standby();
    CHECK_FALSE(promotion.are_completions_lost());
  }
  SECTION("the standby lacks the last one") {
    Promotion promotion;
    promotion.complete();
    promotion.await_standby();
    promotion.cut_off_standby();
    promotion.complete();
    CHECK(promotion.are_completions_lost());
  }
  SECTION("where sent rows are deleted, nothing can tell") {
    Promotion promotion{Completion::remove};
    promotion.complete();
    promotion.await_standby();
    CHECK(promotion.are_completions_lost());
  }
}

TEST_CASE("a source says whether a crash has taken back completions that were not durable",
          "[postgres][last_completion]") {
  const Database database;
  database.execute(plain_outbox);
  SECTION("durable ones never") {
    Relay relay{database.plain_settings()};
    relay.open();
    complete_a_row(database, relay);
    database.execute("UPDATE outbox SET sent_at = NULL");
    CHECK_FALSE(relay.open().may_have_lost_completions);
  }
  SECTION("the server's own setting counts") {
    database.execute("ALTER DATABASE " + database.name() + " SET synchronous_commit = off");
    Relay relay{database.plain_settings()};
    relay.open();
    complete_a_row(database, relay);
    CHECK_FALSE(relay.open().may_have_lost_completions);
    database.execute("UPDATE outbox SET sent_at = NULL");  // as a crash leaves it
    CHECK(relay.open().may_have_lost_completions);
  }
  SECTION("and so does the relay's") {
    auto settings = database.plain_settings();
    settings.completion_commit = CompletionCommit::asynchronous;
    Relay relay{settings};
    relay.open();
    complete_a_row(database, relay);
    CHECK_FALSE(relay.open().may_have_lost_completions);
    database.execute("UPDATE outbox SET sent_at = NULL");
    CHECK(relay.open().may_have_lost_completions);
  }
  SECTION("what is not known is taken for lost") {
    database.execute("ALTER DATABASE " + database.name() + " SET synchronous_commit = off");
    Relay relay{database.plain_settings()};
    relay.open();
    complete_a_row(database, relay, false);
    CHECK(relay.open().may_have_lost_completions);
  }
}
