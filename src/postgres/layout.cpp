#include "postgres/layout.h"

#include <algorithm>

#include "core/row.h"
#include "core/window.h"
#include "postgres/binary.h"

namespace outbox_relay::postgres {
namespace {

/// `is_raw`: bytea as its bytes; otherwise as its text, as any other type.
Layout::Form form_of(const Column& column, bool is_raw) {
  if (column.type == "bytea" && is_raw) return Layout::Form::bytes;
  if (column.type == "text" || column.type == "character varying") return Layout::Form::text;
  if (column.type == "uuid") return Layout::Form::uuid;
  return Layout::Form::converted;
}

}  // namespace

Layout::Layout(const Table& described) {
  const auto& id_column = described.id;
  const auto id_form = described.id_kind == IdKind::number ? Form::number : form_of(id_column, false);
  add({reference(id_column), id_form});
  add({"o.ctid", Form::place});
  if (described.has_partitions) table = add({"o.tableoid", Form::table});
  message_id = add_text(described.message_id, false);
  key = add_text(described.key, true);
  payload = add_text(described.payload, true);
  if (payload) columns_[static_cast<std::size_t>(*payload)].is_payload = true;
  headers = add_text(described.headers, false);
  if (described.created_at) created_at = add({reference(*described.created_at), Form::time});
  for (const auto& attribute : described.attributes) attributes.push_back(add_text(attribute, false));
}

core::Bytes Layout::row_overhead() const {
  constexpr std::size_t result_cell =
      24;  // PGresAttValue, the terminating zero, and some waste in libpq's blocks
  constexpr std::size_t small_value = 32;
  std::size_t count = sizeof(core::Row) + sizeof(core::InFlight) + attributes.size() * sizeof(core::Value);
  for (const auto& selected : columns_) {
    count += result_cell;
    if (selected.form == Form::uuid) count += uuid_text_size;
    if (!selected.is_guarded) count += small_value;
  }
  return {count};
}

int Layout::add(Selected selected) {
  const auto known = std::ranges::find_if(columns_, [&](const Selected& other) {
    return other.column == selected.column && other.form == selected.form;
  });
  if (known == columns_.end()) {
    columns_.push_back(std::move(selected));
    return static_cast<int>(columns_.size()) - 1;
  }
  return static_cast<int>(known - columns_.begin());
}

int Layout::add_text(const Column& column, bool is_raw) {
  const auto form = form_of(column, is_raw);
  return add({reference(column), form, form != Form::uuid && !column.fixed_size});
}

std::optional<int> Layout::add_text(const std::optional<Column>& column, bool is_raw) {
  if (!column) return std::nullopt;
  return add_text(*column, is_raw);
}

}  // namespace outbox_relay::postgres
