#include "cli/mapping.h"

#include "cli/config_file.h"
#include "cli/program.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::cli;
using namespace std::chrono_literals;

namespace {

config::Config config_of(const std::string& outbox) {
  const testing::ConfigFile file(
      "postgres: {connection: \"host=db\"}\nkafka: {properties: {bootstrap.servers: k}}\n"
      "outboxes: [{name: orders, table: public.outbox, " +
      outbox + "}]\n");
  auto loaded = load_config(file.path());
  if (const auto* problems = std::get_if<config::Problems>(&loaded)) FAIL(config::to_text(*problems));
  return std::get<config::Config>(std::move(loaded));
}

}  // namespace

TEST_CASE("what nobody has set parks refused rows, holds their keys, and asks for the lead", "[cli]") {
  const auto config = config_of("topic: t");
  const auto plan = to_plan_settings(config.outboxes[0]);
  CHECK(plan.refused == core::OnRefusal::park);
  CHECK(plan.hold_keys);
  CHECK(plan.topic_grace == 5min);
  CHECK(plan.dead_letter_topic == std::nullopt);
  const auto postgres = to_postgres_settings(config.postgres, config.outboxes[0]);
  CHECK(postgres.coordination == postgres::Coordination::advisory_lock);
  CHECK(postgres.table.parks);
  CHECK(postgres.table.parked_at == "parked_at");
  CHECK(postgres.table.attempts == "attempts");
  CHECK(postgres.table.last_error == "last_error");
  CHECK(postgres.control_schema == "outbox_relay");
  CHECK(to_routing(config.outboxes[0]).outbox == "orders");
}

TEST_CASE("each way to deal with refused rows reaches the rules", "[cli]") {
  const auto skipping = config_of("topic: t, parked_key: skip, topic_grace: 1h");
  CHECK_FALSE(to_plan_settings(skipping.outboxes[0]).hold_keys);
  CHECK(to_plan_settings(skipping.outboxes[0]).topic_grace == 1h);

  const auto dead = config_of("topic: t, refused: dead_letter, dead_letter_topic: dead");
  CHECK(to_plan_settings(dead.outboxes[0]).refused == core::OnRefusal::dead_letter);
  CHECK(to_plan_settings(dead.outboxes[0]).dead_letter_topic == "dead");
  CHECK_FALSE(to_postgres_settings(dead.postgres, dead.outboxes[0]).table.parks);

  const auto debezium = config_of("preset: debezium");
  CHECK(to_plan_settings(debezium.outboxes[0]).refused == core::OnRefusal::halt);
  CHECK_FALSE(to_postgres_settings(debezium.postgres, debezium.outboxes[0]).table.parks);
}

TEST_CASE("each way to coordinate reaches the database's side", "[cli]") {
  const auto coordination = [](const std::string& written) {
    const auto config = config_of("topic: t, coordination: " + written);
    return to_postgres_settings(config.postgres, config.outboxes[0]).coordination;
  };
  CHECK(coordination("advisory_lock") == postgres::Coordination::advisory_lock);
  CHECK(coordination("lease") == postgres::Coordination::lease);
  CHECK(coordination("none") == postgres::Coordination::none);
}
