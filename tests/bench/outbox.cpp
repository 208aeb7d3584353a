#include "outbox.h"

#include "postgres/binary.h"
#include "postgres/session_settings.h"

namespace outbox_relay::bench {

using postgres::Query;

Page::Page(postgres::Result fetched) : result(std::move(fetched)) {
  const auto count = static_cast<std::size_t>(result.rows());
  rows.resize(count);
  unfinished = count;
  for (int number = 0; number < result.rows(); ++number) {
    FetchedRow& row = rows[static_cast<std::size_t>(number)];
    row.page = this;
    row.number = number;
    row.id = result.bigint(number, column::id);
    postgres::read_place(result.bytes(number, column::place), row.place);
    bytes += result.bytes(number, column::payload).size() + result.bytes(number, column::headers).size();
  }
}

std::string columns_sql(Connection& connection) {
  Query type{
      "SELECT atttypid FROM pg_attribute WHERE attrelid = 'public.outbox'::regclass AND attname = 'payload'"};
  const auto oid = postgres::read_number<std::uint32_t>(connection.run(type).bytes(0, 0));
  const bool is_raw = oid == static_cast<std::uint32_t>(postgres::Type::bytea);
  return std::string{"id, ctid, message_id, aggregateid, payload"} + (is_raw ? "" : "::text") +
         ", headers::text, created_at, type";
}

Outbox::Outbox(Connection& connection, Completion completion)
    : fetch_sql_("SELECT " + columns_sql(connection) + " FROM public.outbox WHERE id > $1 AND " + pending +
                 " ORDER BY id LIMIT $2"),
      complete_sql_(completion == Completion::mark ? "UPDATE public.outbox o SET sent_at = now() FROM "
                                                   : "DELETE FROM public.outbox o USING ") {
  complete_sql_ +=
      "unnest($1, $3) AS placed(place, id) WHERE o.ctid = placed.place AND o.id = placed.id AND "
      "o.sent_at IS NULL AND o.parked_at IS NULL";
}

Query Outbox::fetch(std::int64_t after, std::size_t rows) const {
  Query query{fetch_sql_};
  query.bigint(after).bigint(static_cast<std::int64_t>(rows));
  return query;
}

Query Outbox::complete(std::span<const FetchedRow* const> rows) const {
  std::vector<core::RowPlace> places;
  std::vector<std::int64_t> ids;
  places.reserve(rows.size());
  ids.reserve(rows.size());
  for (const auto* row : rows) {
    places.push_back(row->place);
    ids.push_back(row->id);
  }
  Query query{complete_sql_};
  query.places(places, false).bigints(ids);
  return query;
}

void pin_plans(Connection& connection, bool completes_rows) {
  const postgres::SessionUse use{
      .is_pooled = false, .completes_rows = completes_rows, .ends_after_silence = {}};
  connection.execute(postgres::session_settings_sql({}, use, connection.server_version()));
}

}  // namespace outbox_relay::bench
