#include "databases.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace outbox_relay::bench {
namespace {

/// Beside these everything is PostgreSQL's default, durability above all. The first three keep checkpoints,
/// which come when they come, out of the runs; the last one counts queries.
std::vector<std::string> settings() {
  return {"shared_buffers=512MB", "max_wal_size=32GB", "checkpoint_timeout=1h",
          "shared_preload_libraries=pg_stat_statements"};
}

const char* const usual_table_sql =
    "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, message_id uuid NOT NULL "
    "DEFAULT gen_random_uuid(), aggregatetype text NOT NULL, aggregateid text, type text NOT NULL, payload "
    "bytea, headers jsonb, created_at timestamptz NOT NULL DEFAULT clock_timestamp(), sent_at timestamptz, "
    "parked_at timestamptz, attempts integer NOT NULL DEFAULT 0, last_error text); "
    "CREATE INDEX ON outbox (id) WHERE sent_at IS NULL; CREATE INDEX ON outbox (id) WHERE parked_at IS NOT "
    "NULL";

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

/// `number` says which of the backlog's outboxes.
std::string fill_sql(const Backlog& backlog, std::size_t number, std::size_t rows, const char* sent_at) {
  std::ostringstream sql;
  sql << "INSERT INTO " << table_name(number)
      << " (aggregatetype, aggregateid, type, payload, headers, sent_at) SELECT 'order', 'customer-' || "
         "(i::bigint * "
         "7919) % "
      << backlog.keys << ", 'OrderCreated', " << payload_sql(backlog)
      << ", jsonb_build_object('source', 'shop', 'tenant', 'tenant-' || i % 50, 'traceparent', '00-' || "
         "md5(i::text) || '-00f067aa0ba902b7-01'), "
      << sent_at << " FROM generate_series(1, " << rows << ") i";
  return sql.str();
}

constexpr const char* unsent = "NULL";
constexpr const char* sent = "now()";

std::string schema_name(std::size_t number) {
  return number == 0 ? "public" : "shop_" + std::to_string(number);
}

/// A file of deploy/sql for one of the outboxes.
std::string shipped_sql(const char* file, std::size_t number) {
  std::ifstream stream{std::filesystem::path{OUTBOX_RELAY_SQL} / file};
  if (!stream) throw std::runtime_error(std::string{"cannot read "} + file);
  std::string sql{std::istreambuf_iterator<char>{stream}, {}};
  constexpr std::string_view name = "public";
  const std::string schema = schema_name(number);
  for (auto at = sql.find(name); at != std::string::npos; at = sql.find(name, at + schema.size()))
    sql.replace(at, name.size(), schema);
  return "SET search_path = " + schema + ";\n" + sql;
}

/// What pg_stat_statements holds of the contenders' role ("="), or of all others ("<>").
std::string statements_of(const std::string& comparison) {
  return " FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid WHERE r.rolname " + comparison +
         " 'outbox_relay'";
}

void for_each_file(const std::filesystem::path& directory, const std::function<void(int)>& act) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory}) {
    if (!entry.is_regular_file()) continue;
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) continue;  // autovacuum may have cut it off
    if (file < 0) throw std::runtime_error("cannot read " + entry.path().string());
    act(file);
    ::close(file);
  }
}

std::string next_name(const std::string& kind) {
  static int number = 0;
  return kind + '_' + std::to_string(++number);
}

}  // namespace

std::string table_name(std::size_t number) {
  return schema_name(number) + ".outbox";
}

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

double Databases::log_bytes_of_onlookers() const {
  return std::stod(server_.value("SELECT coalesce(sum(wal_bytes), 0)" + statements_of("<>")));
}

double Databases::queries() const {
  return std::stod(server_.value("SELECT coalesce(sum(calls), 0)" + statements_of("=")));
}

void Databases::forget_queries() const {
  server_.execute("SELECT pg_stat_statements_reset()");
}

Databases::Slowest Databases::slowest_query() const {
  const auto rows = server_.query("SELECT max_exec_time, mean_exec_time, query" + statements_of("=") +
                                  " ORDER BY max_exec_time DESC LIMIT 1");
  if (rows.empty()) return {};
  return {std::stod(*rows[0][0]), std::stod(*rows[0][1]), *rows[0][2]};
}

std::filesystem::path Databases::files() const {
  return std::filesystem::path{server_.value("SHOW data_directory")} / "base";
}

// The kernel would write them later, in the middle of a run.
void Databases::have_files_written() const {
  for_each_file(files(), [](int file) { ::fdatasync(file); });
}

void Databases::restart_cold() {
  const auto data = files();
  server_.stop();
  for_each_file(data, [](int file) { ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED); });
  server_.start();
}

std::string Databases::template_of(const Backlog& backlog) {
  const auto known = std::ranges::find(templates_, backlog, &std::pair<Backlog, std::string>::first);
  if (known != templates_.end()) return known->second;
  const std::string name = next_name("template");
  make(name, backlog);
  templates_.emplace_back(backlog, name);
  return name;
}

void Databases::drop_templates_but(const Backlog& kept) {
  std::erase_if(templates_, [this, &kept](const auto& filled) {
    if (filled.first == kept) return false;
    server_.execute("DROP DATABASE " + filled.second);
    return true;
  });
}

void Databases::make(const std::string& name, const Backlog& backlog) const {
  const auto rows = std::accumulate(backlog.further_rows.begin(), backlog.further_rows.end(),
                                    backlog.rows + backlog.sent_rows);
  std::cerr << " (filling " << rows << " rows first)" << std::flush;
  server_.create_database(name);
  server_.execute(shipped_sql("control.sql", 0), name);
  for (std::size_t number = 0; number <= backlog.further_rows.size(); ++number)
    make_table(name, backlog, number);
}

void Databases::make_table(const std::string& name, const Backlog& backlog, std::size_t number) const {
  const std::string table = table_name(number);
  if (number > 0) server_.execute("CREATE SCHEMA " + schema_name(number), name);
  server_.execute(backlog.table == Table::shipped ? shipped_sql("outbox.sql", number) : usual_table_sql,
                  name);
  server_.execute(shipped_sql("role.sql", number), name);
  if (backlog.payload == Payload::jsonb)
    server_.execute("ALTER TABLE " + table + " ALTER payload TYPE jsonb USING NULL", name);
  // Uncompressed, so that they are as large where they are stored.
  if (backlog.large_rows > 0)
    server_.execute("ALTER TABLE " + table + " ALTER payload SET STORAGE EXTERNAL", name);
  const bool is_first = number == 0;
  if (is_first && backlog.sent_rows > 0)
    server_.execute(fill_sql(backlog, number, backlog.sent_rows, sent), name);
  const std::size_t rows = is_first ? backlog.rows : backlog.further_rows[number - 1];
  server_.execute(fill_sql(backlog, number, rows, unsent), name);
  if (backlog.is_vacuumed) server_.execute("VACUUM (ANALYZE) " + table, name);
}

// The checkpoint comes first and the copy goes through the log: so its pages are newer than the checkpoint,
// as those of a backlog that has just been written are, and the first change of each does not log an image of
// all of it [1600 bytes a row, and then the disk is all that is measured].
Databases::Copy::Copy(Databases& databases, const Backlog& backlog)
    : databases_(databases), name_(next_name("run")) {
  const std::string original = databases_.template_of(backlog);
  databases_.server_.execute("CHECKPOINT");
  databases_.server_.execute("CREATE DATABASE " + name_ + " TEMPLATE " + original + " STRATEGY WAL_LOG");
  databases_.have_files_written();
}

Databases::Copy::Copy(Databases& databases, const Backlog& backlog, Unique /*unique*/)
    : databases_(databases), name_(next_name("run")) {
  databases_.server_.execute("CHECKPOINT");
  databases_.make(name_, backlog);
  databases_.have_files_written();
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

void Databases::Copy::append(std::size_t rows) const {
  execute(fill_sql({}, 0, rows, unsent));
  execute("VACUUM (ANALYZE) public.outbox");
  databases_.have_files_written();
}

std::string Databases::Copy::value(const std::string& sql) const {
  return databases_.server_.value(sql, name_);
}

}  // namespace outbox_relay::bench
