// Setting rows aside that Kafka refuses, and those that wait behind them.
#include <algorithm>
#include <thread>

#include "fixture.h"
#include "postgres/parker.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;

namespace {

const core::Failure too_large{core::Reason::too_large, core::Remedy::park, "the record is larger than 1 MB",
                              ""};

core::Parking refused(core::InFlight* row, core::Failure failure = too_large) {
  return {row, std::move(failure), std::nullopt};
}

core::Parking held(core::InFlight* row, core::RowId behind) {
  return {row, {}, std::move(behind)};
}

std::vector<std::int64_t> sorted(const std::vector<core::RowId>& ids) {
  std::vector<std::int64_t> numbers;
  for (const auto& id : ids) numbers.push_back(id.number());
  std::ranges::sort(numbers);
  return numbers;
}

/// An outbox with pending rows, all of one key, in the window of a relay.
class Parking {
 public:
  explicit Parking(int rows) {
    database_.deploy("outbox.sql");
    database_.execute(
        "INSERT INTO outbox (aggregatetype, aggregateid, type) SELECT 'a', 'k', 't' FROM "
        "generate_series(1, " +
        std::to_string(rows) + ")");
    relay_ = std::make_unique<Relay>(database_.settings());
    relay_->open();
    page_ = std::make_unique<Published>(relay_->fetch());
  }

  [[nodiscard]] const Database& database() const { return database_; }
  [[nodiscard]] Relay& relay() { return *relay_; }
  [[nodiscard]] Published& page() { return *page_; }
  /// By id.
  [[nodiscard]] core::InFlight* row(std::size_t id) { return page_->rows()[id - 1]; }
  /// The rows as they stand: id, attempts, error, where each is.
  [[nodiscard]] std::string table() const {
    return database_.value(
        "SELECT string_agg(concat_ws(' ', id, attempts, CASE WHEN parked_at IS NULL THEN 'pending' ELSE "
        "'parked'"
        " END, last_error), E'\\n' ORDER BY id) FROM outbox");
  }

 private:
  Database database_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<Published> page_;
};

}  // namespace

TEST_CASE("a refused row is parked with its reason, the rows behind it with its id", "[postgres][parking]") {
  Parking outbox{4};
  const auto parked = outbox.relay().park(
      {refused(outbox.row(1)), held(outbox.row(2), core::RowId{1}), held(outbox.row(4), core::RowId{1})});
  CHECK(sorted(parked) == std::vector<std::int64_t>{1, 2, 4});
  CHECK(outbox.table() ==
        "1 1 parked too_large: the record is larger than 1 MB\n"
        "2 0 parked behind 1\n"
        "3 0 pending\n"
        "4 0 parked behind 1");
  CHECK(ids(outbox.relay().fetch().page) == std::vector<std::int64_t>{3});
}

TEST_CASE("rows of several keys are parked together, and again after a requeue", "[postgres][parking]") {
  Parking outbox{4};
  const core::Failure invalid{core::Reason::invalid_record, core::Remedy::park, "no", ""};
  CHECK(outbox.relay()
            .park({refused(outbox.row(1)), held(outbox.row(4), core::RowId{2}),
                   refused(outbox.row(2), invalid), held(outbox.row(3), core::RowId{1})})
            .size() == 4);
  outbox.database().execute("UPDATE outbox SET parked_at = NULL WHERE id = 2");
  Published again{outbox.relay().fetch()};
  CHECK(outbox.relay().park({refused(again.rows()[0])}).size() == 1);
  CHECK(outbox.table() ==
        "1 1 parked too_large: the record is larger than 1 MB\n"
        "2 2 parked too_large: the record is larger than 1 MB\n"
        "3 0 parked behind 1\n"
        "4 0 parked behind 2");
}

TEST_CASE("only what is as it was read is parked", "[postgres][parking]") {
  Parking outbox{5};
  outbox.database().execute(
      "UPDATE outbox SET sent_at = now() WHERE id = 1; DELETE FROM outbox WHERE id = 2; UPDATE outbox SET "
      "type ="
      " 'moved' WHERE id = 3");
  CHECK(outbox.relay()
            .park({refused(outbox.row(1)), refused(outbox.row(2)), refused(outbox.row(3)),
                   held(outbox.row(5), core::RowId{3})})
            .empty());
  outbox.page().distrust_places();
  CHECK(outbox.relay().park({refused(outbox.row(4))}).empty());
  CHECK(outbox.database().value("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL") == "0");
}

TEST_CASE("a row is held only behind one that is parked for itself", "[postgres][parking]") {
  Parking outbox{3};
  SECTION("which it is not any more") {
    outbox.relay().park({refused(outbox.row(1))});
    outbox.database().execute("UPDATE outbox SET parked_at = NULL WHERE id = 1");
  }
  SECTION("which it never was") {}
  SECTION("but is held itself") {
    outbox.database().execute("UPDATE outbox SET parked_at = now(), last_error = 'behind 7' WHERE id = 1");
  }
  CHECK(outbox.relay().park({held(outbox.row(2), core::RowId{1})}).empty());
  CHECK(outbox.database().value("SELECT last_error IS NULL FROM outbox WHERE id = 2") == "t");
}

TEST_CASE("a row that is to be held while its other one is being requeued is left to go out",
          "[postgres][parking]") {
  Parking outbox{3};
  outbox.relay().park({refused(outbox.row(1)), held(outbox.row(2), core::RowId{1})});
  const auto requeue = outbox.database().client();
  requeue->execute("BEGIN; UPDATE outbox SET parked_at = NULL WHERE id = 1");
  std::jthread second_half{[&] {
    const bool waits = a_backend_waits(outbox.database());
    requeue->execute("UPDATE outbox SET parked_at = NULL WHERE last_error = 'behind 1'");
    requeue->execute(waits ? "COMMIT" : "ROLLBACK");
  }};
  CHECK(outbox.relay().park({held(outbox.row(3), core::RowId{1})}).empty());
  second_half.join();
  CHECK(ids(outbox.relay().fetch().page) == std::vector<std::int64_t>{1, 2, 3});
}

TEST_CASE("parking is one transaction", "[postgres][parking]") {
  Parking outbox{2};
  outbox.database().execute(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END';"
      "CREATE TRIGGER refuse BEFORE UPDATE ON outbox FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION "
      "refuse()");
  const std::vector<core::Parking> rows{refused(outbox.row(1)), held(outbox.row(2), core::RowId{1})};
  CHECK(failure_of([&] { outbox.relay().park(rows); }).remedy == core::Remedy::operate);
  CHECK(outbox.table() == "1 0 pending\n2 0 pending");
}

TEST_CASE("text and uuid ids are parked alike, in partitions too", "[postgres][parking]") {
  const Database database;
  struct Case {
    std::string type;
    std::string first;
    std::string second;
  };
  const auto example =
      GENERATE(Case{"text", "01A", "01B"}, Case{"character(5)", "01A", "01B"}, Case{"integer", "1", "2"},
               Case{"uuid", "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"});
  INFO(example.type);
  database.execute(
      "CREATE TABLE outbox (id " + example.type +
      " PRIMARY KEY, payload text, sent_at timestamptz, parked_at timestamptz, attempts smallint, "
      "last_error varchar) PARTITION BY RANGE (id); CREATE TABLE all_rows PARTITION OF outbox "
      "DEFAULT; CREATE INDEX ON outbox (id) WHERE parked_at IS NOT NULL");
  database.execute("INSERT INTO outbox VALUES ('" + example.first + "', 'a'), ('" + example.second +
                   "', 'b')");
  auto settings = database.plain_settings();
  settings.table.parked_at = "parked_at";
  settings.table.attempts = "attempts";
  settings.table.last_error = "last_error";
  settings.table.parks = true;
  Relay relay{settings};
  relay.open();
  Published page{relay.fetch()};
  const auto rows = page.rows();
  CHECK(relay.park({refused(rows[0]), held(rows[1], rows[0]->row->id)}).size() == 2);
  CHECK(database.value("SELECT string_agg(last_error, ',' ORDER BY id) FROM outbox") ==
        "too_large: the record is larger than 1 MB,behind " + example.first);
  const auto facts = relay.open();
  REQUIRE(facts.parked.rows.size() == 1);
  CHECK(facts.parked.rows[0].id == rows[0]->row->id);
  CHECK(relay.find_released({rows[0]->row->id}).empty());
  database.execute("UPDATE outbox SET parked_at = NULL");
  const auto released = relay.find_released({rows[0]->row->id});
  REQUIRE(released.size() == 1);
  CHECK(released[0].id == rows[0]->row->id);
  CHECK(released[0].is_pending);
}

TEST_CASE("an error is cut to a size that fits, between two characters", "[postgres][parking]") {
  const auto text = [](const std::string& message) {
    return postgres::error_text({core::Reason::other, core::Remedy::park, message, ""});
  };
  CHECK(text("short") == "other: short");
  CHECK(text(std::string(2000, 'x')).size() == 1000);
  CHECK(text(std::string(992, 'x') + "\u20ac") == "other: " + std::string(992, 'x'));
  CHECK(text(std::string(990, 'x') + "\u20ac") == "other: " + std::string(990, 'x') + "\u20ac");
  CHECK(text("a\xff"
             "b\xe2\x82") == "other: a?b??");
  CHECK(text(std::string{"a\0b", 3}) == "other: a?b");
  CHECK(text("\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80") == "other: ?? ??? ????");

  Parking outbox{1};
  const core::Failure strange{core::Reason::other, core::Remedy::park, std::string{"\xff\0\xe2", 3}, ""};
  CHECK(outbox.relay().park({refused(outbox.row(1), strange)}).size() == 1);
}

TEST_CASE("a table where refused rows cannot be parked is refused, with the way to mend it",
          "[postgres][parking]") {
  const Database database;
  database.execute(plain_outbox);
  auto settings = database.plain_settings();
  settings.table.parked_at = "parked_at";
  settings.table.attempts = "tries";
  settings.table.last_error = "last_error";
  settings.table.parks = true;
  SECTION("the columns are missing") {
    const auto failure = open_failure(settings);
    CHECK(failure.reason == core::Reason::missing);
    CHECK(failure.remedy == core::Remedy::operate);
    CHECK(failure.message ==
          "table \"public\".\"outbox\" lacks columns for refused rows: \"parked_at\", \"tries\", "
          "\"last_error\" "
          "are needed");
    CHECK(
        failure.hint ==
        "ALTER TABLE \"public\".\"outbox\" ADD COLUMN IF NOT EXISTS \"parked_at\" timestamptz, ADD COLUMN IF "
        "NOT EXISTS \"tries\" integer NOT NULL DEFAULT 0, ADD COLUMN IF NOT EXISTS \"last_error\" text; "
        "CREATE INDEX ON \"public\".\"outbox\" (\"id\") WHERE \"parked_at\" IS NOT NULL; or set `refused: "
        "halt`");
    database.execute(failure.hint.substr(0, failure.hint.rfind(';')));
    Relay{settings}.open();
    CHECK(database.value("SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%(parked_at IS NOT NULL)'") ==
          "1");
  }
  SECTION("unless they are not needed") {
    settings.table.parks = false;
    Relay relay{settings};
    CHECK(relay.open().parked.rows.empty());
  }
  SECTION("the error's column is too short") {
    const auto type = GENERATE(as<std::string>{}, "varchar(99)", "short_text");
    database.execute("CREATE DOMAIN short_text AS varchar(99)");
    database.execute("ALTER TABLE outbox ADD parked_at timestamptz, ADD tries int, ADD last_error " + type);
    const auto failure = open_failure(settings);
    CHECK(failure.message == "column \"last_error\" of table \"public\".\"outbox\" takes short texts only");
    CHECK(failure.hint == "ALTER TABLE \"public\".\"outbox\" ALTER \"last_error\" TYPE text");
  }
  SECTION("a grant is missing") {
    const std::string role = make_role(database);
    database.execute(
        "ALTER TABLE outbox ADD parked_at timestamptz, ADD tries int, ADD last_error text;"
        "GRANT SELECT ON outbox, outbox_id_seq TO " +
        role + "; GRANT UPDATE (sent_at, parked_at, tries) ON outbox TO " + role);
    settings.server.connection = database.connection_string(role);
    const auto failure = open_failure(settings);
    CHECK(failure.reason == core::Reason::authorization);
    CHECK(failure.hint ==
          "GRANT UPDATE (\"parked_at\", \"tries\", \"last_error\") ON \"public\".\"outbox\" TO \"" + role +
              "\"");
  }
  SECTION("the index is missing by which each start finds what is parked") {
    database.execute(
        "ALTER TABLE outbox ADD parked_at timestamptz, ADD tries int, ADD last_error text;"
        "CREATE INDEX ON outbox (parked_at)");
    settings.table.parks = GENERATE(true, false);
    const auto failure = open_failure(settings);
    CHECK(failure.remedy == core::Remedy::operate);
    CHECK(failure.message ==
          "table \"public\".\"outbox\" has no index of its parked rows alone, which each start looks for");
    database.execute(failure.hint);
    Relay{settings}.open();
  }
}
