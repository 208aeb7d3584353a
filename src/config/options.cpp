#include "config/options.h"

namespace outbox_relay::config {
namespace {

std::vector<Field<Outbox>> identity_fields() {
  return {
      field<Outbox>({.name = "name",
                     .kind = Kind::name,
                     .example = "orders",
                     .documentation = "label of its metrics and log lines; unique",
                     .is_required = true},
                    &Outbox::name),
      field<Outbox>(
          {.name = "table",
           .kind = Kind::table,
           .example = "public.outbox",
           .documentation =
               "the outbox table; the schema is required, names with upper case or special characters "
               "are quoted: `'\"Schema\".\"Table\"'`",
           .is_required = true},
          &Outbox::table),
      field<Outbox>({.name = "preset",
                     .kind = Kind::choice,
                     .fallback = "outbox_relay",
                     .documentation = "fills columns, topic and headers for a well-known table",
                     .choices = {{"outbox_relay"}, {"debezium"}, {"eventuate"}, {"none"}}},
                    &Outbox::preset),
  };
}

Option column(std::string_view name, std::string_view documentation) {
  return {.name = name,
          .kind = Kind::identifier,
          .fallback = "null",
          .documentation = documentation,
          .is_nullable = true};
}

Option required_column(std::string_view name, std::string_view documentation) {
  return {.name = name, .kind = Kind::identifier, .documentation = documentation, .is_required = true};
}

std::vector<Field<Outbox>> column_fields() {
  return {
      field<Outbox>(
          required_column("columns.id",
                          "order of publication: bigint or integer identity (fast path), uuid v7, ULID text"),
          &Outbox::columns, &Columns::id),
      field<Outbox>(column("columns.message_id", "goes into the message id header; null: the id does"),
                    &Outbox::columns, &Columns::message_id),
      field<Outbox>(column("columns.key", "the record's key, as text; null: records have no key"),
                    &Outbox::columns, &Columns::key),
      field<Outbox>(required_column("columns.payload", "the record's value: bytea, text, json or jsonb"),
                    &Outbox::columns, &Columns::payload),
      field<Outbox>(
          column("columns.headers", "json or jsonb object of strings, added to the record's headers"),
          &Outbox::columns, &Columns::headers),
      field<Outbox>(column("columns.created_at", "timestamptz: the record's timestamp"), &Outbox::columns,
                    &Columns::created_at),
      field<Outbox>(
          column("columns.sent", "what `completion: mark` sets: a timestamp, boolean or integer flag"),
          &Outbox::columns, &Columns::sent),
      field<Outbox>(
          column("columns.parked_at", "timestamptz: when a refused row, or one behind it, was set aside"),
          &Outbox::columns, &Columns::parked_at),
      field<Outbox>(column("columns.attempts", "integer: how often Kafka refused the row"), &Outbox::columns,
                    &Columns::attempts),
      field<Outbox>(column("columns.last_error",
                           "text: why Kafka refused the row, or `behind` and the row it waits for"),
                    &Outbox::columns, &Columns::last_error),
      field<Outbox>(
          {.name = "extra_columns",
           .kind = Kind::identifiers,
           .fallback = "[]",
           .documentation =
               "further columns that `topic`, `headers` and `partition` may name; those of the preset "
               "stay known"},
          &Outbox::extra_columns),
  };
}

std::vector<Field<Outbox>> record_fields() {
  return {
      field<Outbox>(
          {.name = "topic",
           .kind = Kind::topic,
           .example = R"("orders.{aggregatetype}")",
           .documentation = "a constant, or a template such as `orders.{aggregatetype}`; a template needs a "
                            "literal prefix or `allowed_topics`",
           .is_required = true},
          &Outbox::topic),
      field<Outbox>(
          {.name = "allowed_topics",
           .kind = Kind::topic_patterns,
           .fallback = "[]",
           .documentation = "topics that rows may go to: names and `prefix*` patterns; empty allows all that "
                            "`topic` can make"},
          &Outbox::allowed_topics),
      field<Outbox>(
          {.name = "partition",
           .kind = Kind::identifier,
           .fallback = "null",
           .documentation = "integer column that names the partition; null: the key decides, as with Java "
                            "producers (murmur2)",
           .is_nullable = true},
          &Outbox::partition),
      field<Outbox>(
          {.name = "headers",
           .kind = Kind::headers,
           .fallback = "{}",
           .documentation = "added to each record: a constant or a template such as `\"{type}\"`; replaces "
                            "those of the preset"},
          &Outbox::headers),
      field<Outbox>(
          {.name = "null_headers",
           .kind = Kind::choice,
           .fallback = "leave_out",
           .documentation = "what becomes of one of `headers` whose column is NULL: no header, or one "
                            "with a null value",
           .choices = {{"leave_out"}, {"send"}}},
          &Outbox::null_headers),
      field<Outbox>({.name = "message_id_header",
                     .fallback = "message-id",
                     .documentation = "name of the header by which consumers recognise a repeated record"},
                    &Outbox::message_id_header),
      field<Outbox>(
          {.name = "envelope",
           .kind = Kind::choice,
           .fallback = "none",
           .documentation = "`cloudevents`: headers as in the binary mode of CloudEvents; the value is the "
                            "payload in either case",
           .choices = {{"none"}, {"cloudevents"}}},
          &Outbox::envelope),
  };
}

std::vector<Field<Outbox>> outcome_fields() {
  return {
      field<Outbox>({.name = "completion",
                     .kind = Kind::choice,
                     .fallback = "mark",
                     .documentation = "what happens to a row that Kafka acknowledged",
                     .choices = {{"mark"}, {"delete"}}},
                    &Outbox::completion),
      field<Outbox>(
          {.name = "completion_commit",
           .kind = Kind::choice,
           .fallback = "synchronous",
           .documentation =
               "`asynchronous` marks or deletes rows with `synchronous_commit=off`: after a crash of the "
               "database the rows sent last are published once more, none is lost; not with "
               "`coordination: lease`",
           .choices = {{"synchronous"}, {"asynchronous"}}},
          &Outbox::completion_commit),
      field<Outbox>({.name = "keep_sent",
                     .kind = Kind::duration,
                     .fallback = "0s",
                     .documentation =
                         "how long a row is kept after it was sent, with `completion: mark`; then the relay "
                         "deletes it. 0s keeps sent rows for ever",
                     .least = "0s",
                     .most = "3650d"},
                    &Outbox::keep_sent),
      field<Outbox>(
          {.name = "refused",
           .kind = Kind::choice,
           .fallback = "park",
           .documentation =
               "what happens to a row that Kafka refuses for good: it is set aside in the table, sent to "
               "`dead_letter_topic`, or nothing more of the outbox goes out; `halt` where the table has no "
               "columns for `parked_at`, `attempts` and `last_error`",
           .choices = {{"park"}, {"dead_letter"}, {"halt"}}},
          &Outbox::refused),
      field<Outbox>({.name = "topic_grace",
                     .kind = Kind::duration,
                     .fallback = "5m",
                     .documentation =
                         "how long a templated topic may be missing before its rows count as refused; rows "
                         "of a constant topic wait, and with `refused: halt` all do; and how long the broker "
                         "may refuse a row without a reason while its partition takes no other row",
                     .least = "1s",
                     .most = "30d"},
                    &Outbox::topic_grace),
      field<Outbox>({.name = "dead_letter_topic",
                     .kind = Kind::topic_name,
                     .fallback = "null",
                     .documentation = "where `refused: dead_letter` sends rows",
                     .is_nullable = true},
                    &Outbox::dead_letter_topic),
      field<Outbox>({.name = "parked_key",
                     .kind = Kind::choice,
                     .fallback = "hold",
                     .documentation =
                         "whether a parked row holds back the later rows of its topic and key; `skip` gives "
                         "up their order",
                     .choices = {{"hold"}, {"skip"}}},
                    &Outbox::parked_key),
  };
}

std::vector<Field<Outbox>> pace_fields() {
  return {
      field<Outbox>({.name = "poll_interval",
                     .kind = Kind::duration,
                     .fallback = "500ms",
                     .documentation = "longest pause between two polls of an idle table",
                     .least = "1ms",
                     .most = "1h"},
                    &Outbox::poll_interval),
      field<Outbox>(
          {.name = "poll_interval_min",
           .kind = Kind::duration,
           .fallback = "5ms",
           .documentation = "pause after a poll that found a few rows; a full page is followed at once",
           .least = "1ms",
           .most = "1h"},
          &Outbox::poll_interval_min),
      field<Outbox>(
          {.name = "notify_channel",
           .kind = Kind::identifier,
           .fallback = "null",
           .documentation =
               "LISTEN here and fetch as soon as rows are committed; needs the trigger that "
               "`outbox-relay sql notify` prints; not used with `coordination: lease`; polling goes "
               "on",
           .is_nullable = true},
          &Outbox::notify_channel),
      field<Outbox>({.name = "publish_after",
                     .kind = Kind::choice,
                     .fallback = "flushed",
                     .documentation =
                         "`flushed` waits until a row survives a crash of the database; with `visible`, rows "
                         "of `synchronous_commit=off` may be published and then vanish",
                     .choices = {{"flushed"}, {"visible"}}},
                    &Outbox::publish_after),
      field<Outbox>({.name = "page_rows",
                     .kind = Kind::count,
                     .fallback = "1000",
                     .documentation = "rows fetched by one query",
                     .least = "1",
                     .most = "100000"},
                    &Outbox::page_rows),
      field<Outbox>({.name = "in_flight_rows",
                     .kind = Kind::count,
                     .fallback = "20000",
                     .documentation = "rows fetched and not yet completed",
                     .least = "1",
                     .most = "10000000"},
                    &Outbox::in_flight_rows),
      field<Outbox>({.name = "in_flight_bytes",
                     .kind = Kind::size,
                     .fallback = "32MiB",
                     .documentation = "what those rows may occupy; one larger row goes alone",
                     .least = "1MiB",
                     .most = "64GiB"},
                    &Outbox::in_flight_bytes),
      field<Outbox>({.name = "full_scan_interval",
                     .kind = Kind::duration,
                     .fallback = "15m",
                     .documentation = "a round of the background sweep, the net beneath the watermark",
                     .least = "1s",
                     .most = "30d"},
                    &Outbox::full_scan_interval),
      field<Outbox>({.name = "sample_interval",
                     .kind = Kind::duration,
                     .fallback = "5s",
                     .documentation = "how often backlog and table health are measured",
                     .least = "100ms",
                     .most = "1h"},
                    &Outbox::sample_interval),
      field<Outbox>({.name = "coordination",
                     .kind = Kind::choice,
                     .fallback = "advisory_lock",
                     .documentation =
                         "how relays on one outbox agree who works while the others stand by; `lease` is for "
                         "use behind a transaction pooler and needs `postgres.control_schema`; with `none` "
                         "nobody watches: start only one",
                     .choices = {{"advisory_lock"}, {"lease"}, {"none"}}},
                    &Outbox::coordination),
      field<Outbox>({.name = "stale_after",
                     .kind = Kind::duration,
                     .fallback = "60s",
                     .documentation = "not ready when there is a backlog and nothing succeeded for so long",
                     .least = "1s",
                     .most = "7d"},
                    &Outbox::stale_after),
  };
}

std::vector<Field<Config>> postgres_fields() {
  return {
      field<Config>(
          {.name = "postgres.connection",
           .kind = Kind::secret,
           .example = R"("host=127.0.0.1 port=5432 dbname=shop user=outbox_relay")",
           .documentation =
               "any libpq connection string or URI; `PG*` variables, service and pass files work as "
               "in psql",
           .is_required = true},
          &Config::postgres, &Postgres::connection),
      field<Config>({.name = "postgres.password_file",
                     .kind = Kind::path,
                     .fallback = "null",
                     .documentation = "file with the password, read again at each connect",
                     .is_nullable = true},
                    &Config::postgres, &Postgres::password_file),
      field<Config>({.name = "postgres.connect_timeout",
                     .kind = Kind::duration,
                     .fallback = "10s",
                     .documentation = "time a connection may take to be ready",
                     .least = "100ms",
                     .most = "10m"},
                    &Config::postgres, &Postgres::connect_timeout),
      field<Config>({.name = "postgres.statement_timeout",
                     .kind = Kind::duration,
                     .fallback = "30s",
                     .documentation = "time a statement may take before it is given up and repeated",
                     .least = "100ms",
                     .most = "1h"},
                    &Config::postgres, &Postgres::statement_timeout),
      field<Config>({.name = "postgres.control_schema",
                     .kind = Kind::identifier,
                     .fallback = "outbox_relay",
                     .documentation = "schema with the relay's own tables (watermarks, leases, replays); "
                                      "where it is missing the relay "
                                      "works, and says what it lacks; null: do not look for it",
                     .is_nullable = true},
                    &Config::postgres, &Postgres::control_schema),
  };
}

std::vector<Field<Config>> kafka_fields() {
  return {
      field<Config>(
          {.name = "kafka.properties",
           .kind = Kind::properties,
           .fallback = "{}",
           .example = R"({bootstrap.servers: "127.0.0.1:9092"})",
           .documentation =
               "handed to librdkafka; `bootstrap.servers` is required, see below for those that are "
               "refused"},
          &Config::kafka, &Kafka::properties),
      field<Config>(
          {.name = "kafka.sasl_password_file",
           .kind = Kind::path,
           .fallback = "null",
           .documentation = "file with `sasl.password`, read again for each new producer and when a "
                            "login is refused",
           .is_nullable = true},
          &Config::kafka, &Kafka::sasl_password_file),
      field<Config>({.name = "kafka.ssl_key_password_file",
                     .kind = Kind::path,
                     .fallback = "null",
                     .documentation = "file with `ssl.key.password`, read again for each new producer",
                     .is_nullable = true},
                    &Config::kafka, &Kafka::ssl_key_password_file),
  };
}

std::vector<Field<Config>> process_fields() {
  return {
      field<Config>({.name = "http.listen",
                     .kind = Kind::endpoint,
                     .fallback = "127.0.0.1:8980",
                     .documentation = "IP address and port of `/metrics`, `/livez`, `/readyz` and, for "
                                      "people, the status page `/`; port 0 takes a free one"},
                    &Config::http, &Http::listen),
      field<Config>({.name = "log.level",
                     .kind = Kind::choice,
                     .fallback = "info",
                     .documentation = "the least important lines that are written",
                     .choices = {{"debug"}, {"info"}, {"warn"}, {"error"}}},
                    &Config::log, &Log::level),
      field<Config>({.name = "log.format",
                     .kind = Kind::choice,
                     .fallback = "auto",
                     .documentation = "`auto`: text on a terminal, else logfmt",
                     .choices = {{"auto"}, {"text"}, {"logfmt"}, {"json"}}},
                    &Config::log, &Log::format),
      field<Config>({.name = "drain_timeout",
                     .kind = Kind::duration,
                     .fallback = "20s",
                     .documentation = "time that SIGTERM leaves for what is in flight",
                     .least = "0s",
                     .most = "1h"},
                    &Config::drain_timeout),
  };
}

template <class Section, class... Parts>
std::vector<Field<Section>> joined(Parts... parts) {
  std::vector<Field<Section>> all;
  (all.insert(all.end(), parts.begin(), parts.end()), ...);
  return all;
}

}  // namespace

const std::vector<Field<Config>>& daemon_fields() {
  static const auto fields = joined<Config>(postgres_fields(), kafka_fields(), process_fields());
  return fields;
}

const std::vector<Field<Outbox>>& outbox_fields() {
  static const auto fields =
      joined<Outbox>(identity_fields(), column_fields(), record_fields(), outcome_fields(), pace_fields());
  return fields;
}

}  // namespace outbox_relay::config
