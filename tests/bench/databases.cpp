#include "databases.h"

#include <filesystem>
#include <iostream>
#include <sstream>
#include <vector>

namespace outbox_relay::bench {
namespace {

/// Beside these everything is PostgreSQL's default, durability above all. The first three keep checkpoints,
/// which come when they come, out of the runs; the last one counts queries.
std::vector<std::string> settings() {
  return {"shared_buffers=512MB", "max_wal_size=16GB", "checkpoint_timeout=1h",
          "shared_preload_libraries=pg_stat_statements"};
}

const char* const usual_table_sql =
    "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, message_id uuid NOT NULL "
    "DEFAULT gen_random_uuid(), aggregatetype text NOT NULL, aggregateid text, type text NOT NULL, payload "
    "bytea, headers jsonb, created_at timestamptz NOT NULL DEFAULT clock_timestamp(), sent_at timestamptz, "
    "parked_at timestamptz, attempts integer NOT NULL DEFAULT 0, last_error text); "
    "CREATE INDEX ON outbox (id) WHERE sent_at IS NULL";

/// A JSON text of 400 bytes, the same for bytea and as jsonb prints it: a third of it differs from row to
/// row, so that it compresses about as well as JSON does.
std::string payload_sql(const Backlog& backlog) {
  const std::string text =
      "rpad('{\"note\": \"leave it with the neighbours when nobody opens; they know about it and the bell of "
      "the second floor does not ring at all\", \"trace\": \"' || md5(i::text) || md5((i + 0.1)::text) || "
      "md5((i + 0.2)::text) || md5((i + 0.3)::text) || '\", \"number\": ' || 100000000 + i || "
      "', \"status\": \"created\", \"customer\": \"', 398, 'customer ') || '\"}'";
  if (backlog.payload == Payload::jsonb) return "(" + text + ")::jsonb";
  const std::string bytes = "convert_to(" + text + ", 'UTF8')";
  if (backlog.large_rows == 0) return bytes;
  return "CASE WHEN i % " + std::to_string(backlog.rows / backlog.large_rows) +
         " = 0 THEN convert_to(rpad(i::text, 10000000, md5(i::text)), 'UTF8') ELSE " + bytes + " END";
}

std::string fill_sql(const Backlog& backlog) {
  std::ostringstream sql;
  sql << "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers) SELECT 'order', "
         "'customer-' "
         "|| (i * 7919) % "
      << backlog.keys << ", 'OrderCreated', " << payload_sql(backlog)
      << ", jsonb_build_object('source', 'shop', 'tenant', 'tenant-' || i % 50, 'traceparent', '00-' || "
         "md5(i::text) || '-00f067aa0ba902b7-01') FROM generate_series(1, "
      << backlog.rows << ") i";
  return sql.str();
}

std::string next_name() {
  static int number = 0;
  return "run_" + std::to_string(++number);
}

}  // namespace

Databases::Databases() : server_(settings()) {
  server_.execute("CREATE EXTENSION pg_stat_statements");
}

pid_t Databases::process() const {
  return std::stoi(server_.value("SELECT pg_read_file('postmaster.pid')"));
}

double Databases::log_bytes() const {
  return std::stod(server_.value("SELECT pg_current_wal_insert_lsn() - '0/0'"));
}

double Databases::full_page_images() const {
  return std::stod(server_.value("SELECT wal_fpi FROM pg_stat_wal"));
}

double Databases::queries() const {
  return std::stod(server_.value(
      "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid "
      "WHERE rolname = 'outbox_relay'"));
}

void Databases::forget_queries() const {
  server_.execute("SELECT pg_stat_statements_reset()");
}

std::string Databases::template_of(const Backlog& backlog) {
  std::ostringstream name;
  name << "template_" << (backlog.table == Table::shipped ? "shipped_" : "usual_")
       << (backlog.payload == Payload::bytea ? "bytea_" : "jsonb_") << backlog.rows << '_' << backlog.keys
       << '_' << backlog.large_rows;
  if (filled_.insert(name.str()).second) fill(name.str(), backlog);
  return name.str();
}

void Databases::fill(const std::string& name, const Backlog& backlog) {
  std::cerr << " (filling " << backlog.rows << " rows first)" << std::flush;
  server_.create_database(name);
  const std::filesystem::path sql{OUTBOX_RELAY_SQL};
  if (backlog.table == Table::shipped) {
    server_.execute_file(sql / "outbox.sql", name);
  } else {
    server_.execute(usual_table_sql, name);
  }
  if (backlog.payload == Payload::jsonb)
    server_.execute("ALTER TABLE outbox ALTER payload TYPE jsonb USING NULL", name);
  // Uncompressed, so that they are as large where they are stored.
  if (backlog.large_rows > 0) server_.execute("ALTER TABLE outbox ALTER payload SET STORAGE EXTERNAL", name);
  server_.execute_file(sql / "control.sql", name);
  server_.execute_file(sql / "role.sql", name);
  server_.execute(fill_sql(backlog), name);
  server_.execute("VACUUM (ANALYZE) outbox", name);
}

// The checkpoint comes first and the copy goes through the log: so its pages are newer than the checkpoint,
// as those of a backlog that has just been written are, and the first change of each does not log an image of
// all of it [1600 bytes a row, and then the disk is all that is measured].
Databases::Copy::Copy(Databases& databases, const Backlog& backlog)
    : databases_(databases), name_(next_name()) {
  const std::string original = databases_.template_of(backlog);
  databases_.server_.execute("CHECKPOINT");
  databases_.server_.execute("CREATE DATABASE " + name_ + " TEMPLATE " + original + " STRATEGY WAL_LOG");
}

Databases::Copy::~Copy() {
  try {
    databases_.server_.execute("DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception& error) {
    std::cerr << name_ << " was not dropped: " << error.what() << '\n';
  }
}

std::string Databases::Copy::connection() const {
  return databases_.server_.connection_string("outbox_relay", name_);
}

std::string Databases::Copy::watching_connection() const {
  return databases_.server_.connection_string("postgres", name_);
}

void Databases::Copy::execute(const std::string& sql) const {
  databases_.server_.execute(sql, name_);
}

std::string Databases::Copy::value(const std::string& sql) const {
  return databases_.server_.value(sql, name_);
}

}  // namespace outbox_relay::bench
