#include "cli/sql_files.h"
#include "cli/sql_names.h"

#include <algorithm>
#include <iostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/outbox_command.h"
#include "config/presets.h"
#include "postgres/connection_view.h"

namespace outbox_relay::cli {
namespace {

// The names that the files use.
constexpr const char* role_name = "outbox_relay";
constexpr const char* control_schema_name = "outbox_relay";
constexpr const char* channel_name = "outbox";
constexpr const char* schema_name = "public";

std::string file_of(SqlKind kind, config::Preset preset) {
  switch (kind) {
    case SqlKind::table:
      return preset == config::Preset::debezium ? "debezium" : "outbox";
    case SqlKind::role:
      return "role";
    case SqlKind::control:
      return "control";
    case SqlKind::notify:
      return "notify";
  }
  return {};
}

/// The table that the preset is about; without a schema, as the file that makes it has it.
std::string table_of(config::Preset preset) {
  return preset == config::Preset::debezium ? "outboxevent" : "outbox";
}

std::string_view text_of(std::string_view name) {
  return std::ranges::find(sql_files(), name, &SqlFile::name)->text;
}

/// What the SQL is to fit.
struct Wanted {
  config::Outbox outbox;
  std::optional<std::string> control_schema = control_schema_name;
  std::string role = role_name;
};

Wanted of_preset(config::Preset preset) {
  Wanted wanted{.outbox = config::defaults_of(preset)};
  wanted.outbox.table = {schema_name, table_of(preset)};
  if (!wanted.outbox.columns.parked_at) wanted.outbox.refused = config::Refused::halt;
  return wanted;
}

void replace_columns(SqlNames& names, const config::Columns& usual, const config::Columns& wanted) {
  const auto replace = [&names](const std::optional<std::string>& name,
                                const std::optional<std::string>& by) {
    if (name && by) names.replace(*name, *by);
  };
  replace(usual.id, wanted.id);
  replace(usual.message_id, wanted.message_id);
  replace(usual.key, wanted.key);
  replace(usual.payload, wanted.payload);
  replace(usual.headers, wanted.headers);
  replace(usual.created_at, wanted.created_at);
  replace(usual.sent, wanted.sent);
  replace(usual.parked_at, wanted.parked_at);
  replace(usual.attempts, wanted.attempts);
  replace(usual.last_error, wanted.last_error);
}

std::string table_sql(const Wanted& wanted) {
  const config::Preset preset = wanted.outbox.preset;
  const auto& [schema, table] = wanted.outbox.table;
  SqlNames names;
  if (wanted.outbox.table != config::TableName{schema_name, table_of(preset)})
    names.replace_table(table_of(preset), schema, table);
  if (preset == config::Preset::debezium) names.replace("outboxevent_seq", table + "_seq");
  replace_columns(names, config::defaults_of(preset).columns, wanted.outbox.columns);
  return names.in(text_of(file_of(SqlKind::table, preset)));
}

void replace_control_schema(SqlNames& names, const Wanted& wanted) {
  if (!wanted.control_schema) return;
  names.replace("SCHEMA " + std::string(control_schema_name), *wanted.control_schema);
  names.replace("EXISTS " + std::string(control_schema_name), *wanted.control_schema);
  names.replace_first_part(control_schema_name, *wanted.control_schema);
}

std::string control_sql(const Wanted& wanted) {
  SqlNames names;
  replace_control_schema(names, wanted);
  return names.in(text_of(file_of(SqlKind::control, wanted.outbox.preset)));
}

/// Only the grants that this outbox needs.
std::string role_sql(const Wanted& wanted) {
  const config::Outbox& outbox = wanted.outbox;
  std::string sql(text_of(file_of(SqlKind::role, outbox.preset)));
  const bool marks = outbox.completion == config::Completion::mark;
  if (!marks) sql = without_paragraph(sql, "-- completion: mark");
  if (outbox.refused != config::Refused::park) sql = without_paragraph(sql, "-- refused: park");
  if (marks && outbox.keep_sent.count() == 0) sql = without_paragraph(sql, "-- completion: delete");
  if (!wanted.control_schema) sql = without_paragraph(sql, "-- The relay's own memory");

  SqlNames names;
  names.replace_table("public.outbox", outbox.table.schema, outbox.table.table);
  names.replace("SCHEMA " + std::string(schema_name), outbox.table.schema);
  replace_control_schema(names, wanted);
  names.replace(role_name, wanted.role);
  replace_columns(names, config::defaults_of(config::Preset::outbox_relay).columns, outbox.columns);
  return names.in(sql);
}

std::string notify_sql(const Wanted& wanted) {
  const auto& [schema, table] = wanted.outbox.table;
  SqlNames names;
  names.replace_table("public.outbox", schema, table);
  names.replace_table("public.outbox_notify", schema, table + "_notify");
  names.replace("outbox_notify", table + "_notify");
  names.replace(channel_name, wanted.outbox.notify_channel.value_or(table));
  return names.in(text_of(file_of(SqlKind::notify, wanted.outbox.preset)));
}

std::string sql_of(SqlKind kind, const Wanted& wanted) {
  switch (kind) {
    case SqlKind::table:
      return table_sql(wanted);
    case SqlKind::role:
      return role_sql(wanted);
    case SqlKind::control:
      return control_sql(wanted);
    case SqlKind::notify:
      return notify_sql(wanted);
  }
  return {};
}

/// The files as they are, where nothing says otherwise.
std::string plain_sql(SqlKind kind, config::Preset preset) {
  if (preset == config::Preset::outbox_relay) return std::string(text_of(file_of(kind, preset)));
  return sql_of(kind, of_preset(preset));
}

int print_for_outbox(const config::Config& config, const config::Outbox& outbox, const SqlOptions& options) {
  if (options.kind == SqlKind::table && outbox.preset == config::Preset::none) {
    std::cerr << "outbox-relay: the outbox `" << outbox.name
              << "` has `preset: none`, so its table is its own\n"
              << "  hint: for a table of ours leave -c out: outbox-relay sql table\n";
    return exit_usage;
  }
  if (options.kind == SqlKind::table && outbox.preset == config::Preset::eventuate) {
    std::cerr << "outbox-relay: the outbox `" << outbox.name
              << "` has `preset: eventuate`, whose table Eventuate Tram makes\n"
              << "  hint: deploy/sql/eventuate.sql adds what the relay needs\n";
    return exit_usage;
  }
  if (options.kind == SqlKind::control && !config.postgres.control_schema) {
    std::cerr << "outbox-relay: " << *options.config_file
              << " has `control_schema: null`, so there is none\n";
    return exit_usage;
  }
  const auto user = postgres::user_of(config.postgres.connection.reveal());
  const Wanted wanted{outbox, config.postgres.control_schema, user.value_or(role_name)};
  std::cout << "-- For the outbox `" << outbox.name << "` of " << *options.config_file << ".\n"
            << sql_of(options.kind, wanted);
  return exit_done;
}

}  // namespace

int print_sql(const SqlOptions& options) {
  if (options.config_file) {
    return with_outbox(*options.config_file, options.outbox,
                       [&](const config::Config& config, const config::Outbox& outbox) {
                         return print_for_outbox(config, outbox, options);
                       });
  }
  std::cout << plain_sql(options.kind, options.preset);
  return exit_done;
}

}  // namespace outbox_relay::cli
