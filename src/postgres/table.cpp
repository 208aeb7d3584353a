#include "postgres/table.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>

namespace outbox_relay::postgres {

std::string filenode_of(const Table& table, const std::string& oid) {
  if (table.has_partitions) return files_of_tree(oid);
  return "coalesce(pg_catalog.pg_relation_filenode(" + oid + "), 0)";
}

namespace {

using core::Aspect;
using core::Reason;

using Types = std::span<const std::string_view>;

constexpr std::string_view numbers[] = {"bigint", "integer", "smallint"};
constexpr std::string_view timestamps[] = {"timestamp with time zone", "timestamp without time zone"};
constexpr std::string_view id_types[] = {"bigint", "integer",           "smallint", "uuid",
                                         "text",   "character varying", "character"};
constexpr std::string_view payload_types[] = {"bytea",    "json", "jsonb", "text", "character varying",
                                              "character"};
constexpr std::string_view headers_types[] = {"json", "jsonb"};
constexpr std::string_view sent_types[] = {
    "timestamp with time zone", "timestamp without time zone", "boolean", "bigint", "integer", "smallint"};
constexpr std::string_view error_types[] = {"text", "character varying"};
constexpr std::string_view is_true = "true";

bool is_one_of(std::string_view type, Types types) {
  return std::ranges::find(types, type) != types.end();
}

/// Notes what keeps the relay from working with the table.
class Problems {
 public:
  explicit Problems(std::vector<TableProblem>& into) : into_(&into) {}

  void add(Aspect aspect, Reason reason, std::string message, std::string hint) const {
    add(aspect, {reason, core::Remedy::operate, std::move(message), std::move(hint)});
  }
  void add(Aspect aspect, core::Failure failure) const { into_->push_back({aspect, std::move(failure)}); }

 private:
  std::vector<TableProblem>* into_;
};

/// The DDL that adds a column for a role.
std::string add_column(const std::string& table, const std::string& name, std::string_view type) {
  return "ALTER TABLE " + table + " ADD COLUMN " + quoted_name(name) + ' ' + std::string{type};
}

/// The columns by name, and what is wrong with the one that is asked for.
class Columns {
 public:
  Columns(const TableSettings& settings, const CatalogRows& rows, Problems problems)
      : table_(qualified(settings.schema, settings.name)), rows_(&rows), problems_(problems) {}

  [[nodiscard]] std::optional<Column> find(const std::string& name) const {
    const auto* row = row_of(name);
    if (row == nullptr) return std::nullopt;
    return Column{name, (*row)[1], (*row)[2] == is_true};
  }

  /// Without a type when there is none, which is noted.
  [[nodiscard]] Column require(const std::string& name, std::string_view role,
                               std::string_view usual_type = "text") const {
    if (auto column = find(name)) return *std::move(column);
    problems_.add(Aspect::postgres_columns, Reason::missing,
                  "table " + table_ + " has no column " + quoted_name(name) + " (" + std::string{role} + ")",
                  "check `columns`, or add the column: " + add_column(table_, name, usual_type));
    return Column{name, "", false};
  }

  [[nodiscard]] Column require(const std::string& name, std::string_view role, Types types,
                               std::string_view usual_type) const {
    Column column = require(name, role, usual_type);
    if (column.type.empty() || is_one_of(column.type, types)) return column;
    std::string wanted;
    for (const auto type : types) wanted += (wanted.empty() ? "" : ", ") + std::string{type};
    problems_.add(Aspect::postgres_columns, Reason::other,
                  "column " + quoted_name(name) + " of table " + table_ + " (" + std::string{role} +
                      ") is of type " + column.type,
                  "supported are: " + wanted);
    return column;
  }

  [[nodiscard]] std::optional<Column> require(const std::optional<std::string>& name, std::string_view role,
                                              Types types, std::string_view usual_type) const {
    if (!name) return std::nullopt;
    return require(*name, role, types, usual_type);
  }

  [[nodiscard]] bool is_nullable(const std::string& name) const { return (*row_of(name))[3] != is_true; }
  [[nodiscard]] bool can_update(const std::string& name) const { return (*row_of(name))[4] == is_true; }
  [[nodiscard]] bool is_limited(const std::string& name) const { return (*row_of(name))[5] == is_true; }
  [[nodiscard]] bool has_index_of_values(const std::string& name) const {
    return (*row_of(name))[6] == is_true;
  }
  [[nodiscard]] bool has_index_by_bytes(const std::string& name) const {
    return (*row_of(name))[7] == is_true;
  }

 private:
  [[nodiscard]] const std::vector<std::string>* row_of(const std::string& name) const {
    const auto row = std::ranges::find_if(*rows_, [&](const auto& r) { return r[0] == name; });
    return row == rows_->end() ? nullptr : &*row;
  }

  std::string table_;
  const CatalogRows* rows_;
  Problems problems_;
};

void check_access(const TableSettings& settings, const std::vector<std::string>& row, Problems problems) {
  const auto table = qualified(settings.schema, settings.name);
  const auto role = quoted_name(row[7]);
  const auto refuse = [&problems](std::string message, std::string hint) {
    problems.add(Aspect::postgres_grants, Reason::authorization, std::move(message), std::move(hint));
  };
  if (row[3] != is_true) {
    refuse("no access to schema " + quoted_name(settings.schema),
           "GRANT USAGE ON SCHEMA " + quoted_name(settings.schema) + " TO " + role);
  }
  if (row[4] != is_true) {
    refuse("table " + table + " may not be read", "GRANT SELECT ON " + table + " TO " + role);
  }
  if (settings.completion == Completion::remove && row[5] != is_true) {
    problems.add(Aspect::postgres_grants, forbidden_deletion(settings, role));
  }
  if (row[6] == is_true) {
    problems.add(Aspect::postgres_row_security, Reason::authorization,
                 "row-level security of table " + table + " hides rows from the relay",
                 "ALTER ROLE " + role + " BYPASSRLS, or switch row-level security off for the table");
  }
}

std::uint32_t to_oid(const std::string& text) {
  std::uint32_t oid = 0;
  std::from_chars(text.data(), text.data() + text.size(), oid);
  return oid;
}

IdKind id_kind(const Column& id) {
  if (is_one_of(id.type, numbers)) return IdKind::number;
  return id.type == "uuid" ? IdKind::uuid : IdKind::text;
}

/// The column that says which rows are sent.
std::optional<Column> sent_column(const TableSettings& settings, const Columns& columns,
                                  const std::string& role, Problems problems) {
  if (!settings.sent) return std::nullopt;
  Column sent = columns.require(*settings.sent, "sent", sent_types, "timestamptz");
  if (sent.type.empty()) return std::nullopt;
  const auto table = qualified(settings.schema, settings.name);
  if (!is_one_of(sent.type, timestamps) && columns.is_nullable(sent.name)) {
    problems.add(Aspect::postgres_columns, Reason::other,
                 "column " + quoted_name(sent.name) + " of table " + table +
                     " may be NULL, which is neither sent nor not",
                 "ALTER TABLE " + table + " ALTER " + quoted_name(sent.name) + " SET NOT NULL");
  }
  if (settings.completion == Completion::mark && !columns.can_update(sent.name)) {
    problems.add(Aspect::postgres_grants, Reason::authorization,
                 "rows of table " + table + " may not be marked as sent",
                 "GRANT UPDATE (" + quoted_name(sent.name) + ") ON " + table + " TO " + role);
  }
  return sent;
}

/// The columns by which rows are parked. Relaying does not need them, so a table of another make may lack
/// them, unless rows are to be parked there.
void add_parking_columns(Table& table, const TableSettings& settings, const Columns& columns,
                         const std::string& role, Problems problems) {
  const auto name = [](const std::optional<std::string>& column, const char* usual) {
    return quoted_name(column.value_or(usual));
  };
  const auto parked_at = name(settings.parked_at, "parked_at");
  const auto attempts = name(settings.attempts, "attempts");
  const auto last_error = name(settings.last_error, "last_error");
  const auto exists = [&](const std::optional<std::string>& column) {
    return column && columns.find(*column).has_value();
  };
  const auto relation = qualified(settings.schema, settings.name);
  const auto create_index = "CREATE INDEX ON " + relation + " (" + quoted_name(settings.id) + ") WHERE " +
                            parked_at + " IS NOT NULL";
  const bool can_park =
      exists(settings.parked_at) && exists(settings.attempts) && exists(settings.last_error);
  if (settings.parks && !can_park) {
    problems.add(Aspect::postgres_columns, Reason::missing,
                 "table " + relation + " lacks columns for refused rows: " + parked_at + ", " + attempts +
                     ", " + last_error + " are needed",
                 "ALTER TABLE " + relation + " ADD COLUMN IF NOT EXISTS " + parked_at +
                     " timestamptz, ADD COLUMN IF NOT EXISTS " + attempts +
                     " integer NOT NULL DEFAULT 0, ADD COLUMN IF NOT EXISTS " + last_error + " text; " +
                     create_index + "; or set `refused: halt`");
  }
  if (exists(settings.parked_at)) {
    table.parked_at = columns.require(*settings.parked_at, "parked_at", timestamps, "timestamptz");
  }
  if (!can_park) return;
  table.attempts = columns.require(*settings.attempts, "attempts", numbers, "integer");
  table.last_error = columns.require(*settings.last_error, "last_error", error_types, "text");
  if (settings.parks && columns.is_limited(*settings.last_error)) {
    problems.add(Aspect::postgres_columns, Reason::other,
                 "column " + last_error + " of table " + relation + " takes short texts only",
                 "ALTER TABLE " + relation + " ALTER " + last_error + " TYPE text");
  }
  const bool can_update = columns.can_update(*settings.parked_at) && columns.can_update(*settings.attempts) &&
                          columns.can_update(*settings.last_error);
  if (settings.parks && !can_update) {
    problems.add(Aspect::postgres_grants, Reason::authorization,
                 "refused rows of table " + relation + " may not be parked",
                 "GRANT UPDATE (" + parked_at + ", " + attempts + ", " + last_error + ") ON " + relation +
                     " TO " + role);
  }
  if (!columns.has_index_of_values(*settings.parked_at)) {
    problems.add(Aspect::postgres_index, Reason::missing,
                 "table " + relation + " has no index of its parked rows alone, which each start looks for",
                 create_index);
  }
}

std::optional<Sequence> sequence_of(const CatalogRows& rows, const std::string& table_schema,
                                    const std::string& role, Problems problems) {
  if (rows.size() != 1 || rows.front()[2] != is_true) return std::nullopt;
  const auto& row = rows.front();
  if (row[4] != is_true && row[0] != table_schema) {  // of the table's own it is said already
    problems.add(Aspect::postgres_grants, Reason::authorization,
                 "no access to schema " + quoted_name(row[0]) + " of the id's sequence",
                 "GRANT USAGE ON SCHEMA " + quoted_name(row[0]) + " TO " + role);
  }
  if (row[3] != is_true) {
    const auto sequence = qualified(row[0], row[1]);
    problems.add(Aspect::postgres_grants, Reason::authorization,
                 "sequence " + sequence + " of the id may not be read",
                 "GRANT SELECT ON SEQUENCE " + sequence + " TO " + role);
  }
  return Sequence{row[0], row[1], to_oid(row[5])};
}

}  // namespace

Table examine_table(const TableSettings& settings, std::span<const std::string> attributes,
                    const Catalog& catalog, std::vector<TableProblem>& found) {
  Table table;
  if (catalog.table.empty()) {
    found.push_back({Aspect::postgres_table, missing_table(settings)});
    return table;
  }
  const Problems problems{found};
  const auto& facts = catalog.table.front();
  if (facts[1] != "r" && facts[1] != "p") {
    problems.add(Aspect::postgres_table, Reason::missing,
                 qualified(settings.schema, settings.name) + " is not a table", "check `table`");
    return table;
  }
  check_access(settings, facts, problems);
  const auto role = quoted_name(facts[7]);
  const Columns columns{settings, catalog.columns, problems};

  table.schema = settings.schema;
  table.name = settings.name;
  table.oid = to_oid(facts[0]);
  table.filenode = to_oid(facts[8]);
  table.has_partitions = facts[2] == is_true;
  table.id = columns.require(settings.id, "id", id_types, "bigint GENERATED ALWAYS AS IDENTITY");
  table.id_kind = id_kind(table.id);
  if (!table.id.type.empty() && table.id_kind == IdKind::text && !columns.has_index_by_bytes(settings.id)) {
    const auto relation = qualified(settings.schema, settings.name);
    const auto id = quoted_name(settings.id);
    table.advice =
        "no index of table " + relation + " has " + id +
        " in the order in which it is read, byte by byte; each fetch sorts what is pending: CREATE "
        "INDEX ON " +
        relation + " (" + id + " COLLATE \"C\")";
  }
  if (settings.message_id)
    table.message_id =
        columns.require(*settings.message_id, "message_id", "uuid NOT NULL DEFAULT gen_random_uuid()");
  if (settings.key) table.key = columns.require(*settings.key, "key");
  table.payload = columns.require(settings.payload, "payload", payload_types, "bytea");
  table.headers = columns.require(settings.headers, "headers", headers_types, "jsonb");
  table.created_at = columns.require(settings.created_at, "created_at", timestamps,
                                     "timestamptz NOT NULL DEFAULT clock_timestamp()");
  table.sent = sent_column(settings, columns, role, problems);
  add_parking_columns(table, settings, columns, role, problems);
  for (const auto& name : attributes)
    table.attributes.push_back(columns.require(name, "named by a template"));
  table.completion = settings.completion;
  table.parks = settings.parks;
  if (table.id_kind == IdKind::number)
    table.sequence = sequence_of(catalog.sequence, settings.schema, role, problems);
  return table;
}

Table describe_table(const TableSettings& settings, std::span<const std::string> attributes,
                     const Catalog& catalog) {
  std::vector<TableProblem> problems;
  Table table = examine_table(settings, attributes, catalog, problems);
  if (!problems.empty()) throw core::FailureError(std::move(problems.front().failure));
  return table;
}

core::Failure forbidden_deletion(const TableSettings& settings, const std::string& role) {
  const auto table = qualified(settings.schema, settings.name);
  return {Reason::authorization, core::Remedy::operate, "rows of table " + table + " may not be deleted",
          "GRANT DELETE ON " + table + " TO " + role};
}

core::Failure missing_table(const TableSettings& settings) {
  return {Reason::missing, core::Remedy::operate,
          "table " + qualified(settings.schema, settings.name) + " does not exist",
          "check `table` and dbname in `postgres.connection`, or create it: outbox-relay sql table"};
}

std::string reference(const Column& column) {
  return "o." + quoted_name(column.name);
}

}  // namespace outbox_relay::postgres
