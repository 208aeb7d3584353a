#include "verifier.h"

#include <algorithm>

#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

const std::string topic = "orders.invoice";
constexpr int partitions = 4;

std::vector<Header> headers_of(const std::string& id) {
  return {{"message-id", id}, {"event-type", "Created"}};
}

/// A run in which all went well: two keys, a row without a key, a tombstone, an empty payload, a rollback.
struct Run {
  Facts facts;

  Run() {
    facts.partitions[topic] = partitions;
    add("a1", "a", 1, "first");
    add("b1", "b", 1, "");
    add("a2", "a", 2, std::nullopt);
    add("n1", std::nullopt, 0, "without a key");
    add("a3", "a", 3, "third");
    facts.attempts.push_back({Outcome::failed, true, {"rolled-back"}});
  }

  void add(const std::string& id, const std::optional<std::string>& key, std::int64_t version,
           const std::optional<std::string>& payload) {
    facts.ledger.push_back({id, topic, key, version, digest_of(payload), digest_of(headers_of(id))});
    facts.rows[id] = RowState::completed;
    facts.attempts.push_back({Outcome::committed, true, {id}});
    consume(id, key, payload);
  }
  void consume(const std::string& id, const std::optional<std::string>& key,
               const std::optional<std::string>& payload) {
    auto& records = facts.records[topic];
    records.push_back({.partition = key ? java_partition(*key, partitions) : 0,
                       .offset = static_cast<std::int64_t>(records.size()),
                       .key = key,
                       .value = payload,
                       .headers = headers_of(id)});
  }
  ConsumedRecord& record(const std::string& id) {
    auto& records = facts.records[topic];
    return *std::ranges::find_if(records, [&](const auto& r) { return r.headers[0].value == id; });
  }
  void lose(const std::string& id) {
    std::erase_if(facts.records[topic], [&](const auto& r) { return r.headers[0].value == id; });
  }
  [[nodiscard]] Verdict verdict(const Allowance& allowance = {}) const { return verify(facts, allowance); }
};

using Findings = std::vector<std::string>;

TEST_CASE("a run in which all went well is green", "[verifier]") {
  const auto verdict = Run{}.verdict();
  CHECK(verdict.findings == Findings{});
  CHECK(verdict.counts.ledger == 5);
  CHECK(verdict.counts.records == 5);
}

TEST_CASE("a row that was never consumed is missing, and was completed unsent", "[verifier]") {
  Run run;
  run.lose("a3");
  CHECK(run.verdict().findings == Findings{"1 missing (a3 (a:3))", "1 completed, but never consumed (a3)"});
}

TEST_CASE("a row that is parked or discarded is accounted for", "[verifier]") {
  Run run;
  run.lose("a3");
  SECTION("parked") {
    run.facts.flawed.insert("a3");
    run.facts.rows["a3"] = RowState::parked;
    CHECK(run.verdict().counts.parked == 1);
  }
  SECTION("parked behind another one") {
    run.lose("a2");
    run.facts.flawed.insert("a2");
    run.facts.rows["a2"] = RowState::parked;
    run.facts.rows["a3"] = RowState::held;
    CHECK(run.verdict().counts.parked == 2);
  }
  SECTION("discarded") {
    run.facts.discarded.insert("a3");
  }
  CHECK(run.verdict().findings == Findings{});
}

TEST_CASE("a row that nothing is wrong with must not be parked", "[verifier]") {
  Run run;
  run.lose("a3");
  SECTION("refused itself") {
    run.facts.rows["a3"] = RowState::parked;
    CHECK(run.verdict().findings == Findings{"1 parked without a reason (a3 is parked)"});
  }
  SECTION("behind another key's row") {
    run.lose("b1");
    run.facts.flawed.insert("b1");
    run.facts.rows["b1"] = RowState::parked;
    run.facts.rows["a3"] = RowState::held;
    CHECK(run.verdict().findings == Findings{"1 parked without a reason (a3 is held)"});
  }
}

TEST_CASE("a discarded row leaves a gap among its key's versions, another one does not", "[verifier]") {
  Run run;
  run.lose("a2");
  SECTION("discarded") {
    run.facts.discarded.insert("a2");
    CHECK(run.verdict().findings == Findings{});
  }
  SECTION("passed by") {
    run.consume("a2", "a", std::nullopt);
    CHECK(run.verdict({.stale_replays = 9}).counts.inversions == 2);
  }
}

TEST_CASE("a flawed row may be a dead letter instead, its bytes kept", "[verifier]") {
  Run run;
  const std::string dead = "orders.dead";
  ConsumedRecord letter = run.record("a2");
  letter.headers.push_back({"dead-letter-reason", "too_large"});
  run.lose("a2");
  run.facts.dead_letter_topic = dead;
  run.facts.flawed.insert("a2");
  SECTION("as it was") {
    run.facts.records[dead].push_back(letter);
    CHECK(run.verdict().findings == Findings{});
    CHECK(run.verdict().counts.dead_letters == 1);
  }
  SECTION("altered") {
    letter.value = "";
    run.facts.records[dead].push_back(letter);
    CHECK(run.verdict().findings ==
          Findings{"1 altered (payload of a2 at orders.dead[" + std::to_string(letter.partition) + "]@" +
                   std::to_string(letter.offset) + ")"});
  }
  SECTION("without a flaw") {
    run.facts.flawed.clear();
    run.facts.records[dead].push_back(letter);
    CHECK(run.verdict().findings == Findings{"1 parked without a reason (a2 is a dead letter)"});
  }
}

TEST_CASE("a record of a transaction that rolled back is a phantom", "[verifier]") {
  Run run;
  run.consume("rolled-back", "a", "never");
  CHECK(run.verdict().findings == Findings{"1 phantoms (rolled-back at orders.invoice[0]@5)"});
}

TEST_CASE("a key's versions out of order are seen, another key's are not concerned", "[verifier]") {
  Run run;
  auto& records = run.facts.records[topic];
  std::swap(records[0], records[2]);
  CHECK(run.verdict({.stale_replays = 9}).findings ==
        Findings{"2 out of order (a:2 after 0 at orders.invoice[0]@2; a:1 after 2 at orders.invoice[0]@0)"});
}

TEST_CASE("a repeat counts as a duplicate, and beyond what is allowed it is a finding", "[verifier]") {
  Run run;
  run.consume("a3", "a", "third");
  CHECK(run.verdict().findings == Findings{"1 duplicates, allowed 0"});
  CHECK(run.verdict({.duplicates = 1}).findings == Findings{});
  CHECK(run.verdict({.duplicates = 1}).counts.stale_replays == 0);
}

TEST_CASE("a repeat behind a later version of its key is a stale replay, too", "[verifier]") {
  Run run;
  run.consume("a1", "a", "first");
  CHECK(run.verdict({.duplicates = 1}).findings == Findings{"1 stale replays, allowed 0"});
  CHECK(run.verdict({.duplicates = 1, .stale_replays = 1}).findings == Findings{});
}

TEST_CASE("bytes that differ are seen, NULL and empty are kept apart", "[verifier]") {
  Run run;
  SECTION("payload") {
    run.record("a1").value = "firsT";
  }
  SECTION("NULL for empty") {
    run.record("b1").value = std::nullopt;
  }
  SECTION("empty for NULL") {
    run.record("a2").value = "";
  }
  SECTION("a header is missing") {
    run.record("a1").headers.pop_back();
  }
  SECTION("a header is there twice") {
    run.record("a1").headers.push_back({"event-type", "Created"});
  }
  SECTION("a header's value is NULL") {
    run.record("a1").headers[1].value = std::nullopt;
  }
  SECTION("an empty key for none") {
    run.record("n1").key = "";
  }
  CHECK(run.verdict().counts.altered == 1);
  CHECK(run.verdict().findings.size() == 1);
}

TEST_CASE("a record in another partition or topic than the key's is misplaced", "[verifier]") {
  Run run;
  SECTION("partition") {
    run.record("b1").partition = (run.record("b1").partition + 1) % partitions;
  }
  SECTION("topic") {
    run.facts.records["orders.refund"].push_back(run.record("b1"));
    run.facts.partitions["orders.refund"] = partitions;
    run.lose("b1");
  }
  CHECK(run.verdict().counts.misplaced == 1);
  CHECK(run.verdict().findings.size() == 1);
}

TEST_CASE("a row that is still pending, or gone where rows stay, is not completed", "[verifier]") {
  Run run;
  SECTION("pending") {
    run.facts.rows["b1"] = RowState::pending;
    CHECK(run.verdict().findings == Findings{"1 not completed (b1 is pending)"});
  }
  SECTION("gone") {
    run.facts.rows.erase("b1");
    CHECK(run.verdict().findings == Findings{"1 not completed (b1 is gone)"});
    CHECK(run.verdict({.rows_may_be_gone = true}).findings == Findings{});
  }
}

TEST_CASE("the database itself is watched: what it lost, and what it kept of a rollback", "[verifier]") {
  Run run;
  SECTION("a commit is lost") {
    run.facts.attempts.push_back({Outcome::committed, true, {"lost"}});
    CHECK(run.verdict({.server_crashed = true}).counts.lost_commits == 1);
  }
  SECTION("a commit that was not durable may be lost in a crash, and only then") {
    run.facts.attempts.push_back({Outcome::committed, false, {"lost"}});
    CHECK(run.verdict().counts.lost_commits == 1);
    CHECK(run.verdict({.server_crashed = true}).findings == Findings{});
    CHECK(run.verdict({.server_crashed = true}).counts.vanished == 1);
  }
  SECTION("an unknown outcome may be either") {
    run.facts.attempts.push_back({Outcome::unknown, true, {"perhaps"}});
    CHECK(run.verdict().findings == Findings{});
  }
  SECTION("a rollback is kept") {
    run.facts.attempts.push_back({Outcome::failed, true, {"b1"}});
    CHECK(run.verdict().counts.revived_rollbacks == 1);
  }
}

// https://github.com/apache/kafka/blob/trunk/clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java
TEST_CASE("murmur2 is Kafka's", "[verifier]") {
  const auto as_java_int = [](std::string_view key) { return static_cast<std::int32_t>(murmur2(key)); };
  CHECK(as_java_int("21") == -973932308);
  CHECK(as_java_int("foobar") == -790332482);
  CHECK(as_java_int("a-little-bit-long-string") == -985981536);
  CHECK(as_java_int("a-little-bit-longer-string") == -1486304829);
  CHECK(as_java_int("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8") == -58897971);
  CHECK(as_java_int("abc") == 479470107);
}

}  // namespace
}  // namespace outbox_relay::testing
