#include "postgres/page_reader.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "postgres/binary.h"

namespace outbox_relay::postgres {

/// What the rows of a page point into. `texts` is reserved at once and never grows beyond that, so views into
/// it stay.
struct PageReader::Memory {
  Result result;
  std::string texts;
  std::vector<core::Value> attributes;
};

PageReader::PageReader(const Table& table, const Layout& layout, std::string token)
    : layout_(layout), id_kind_(table.id_kind), table_oid_(table.oid), token_(std::move(token)) {
  for (std::size_t column = 0; column < layout.columns().size(); ++column) {
    if (layout.columns()[column].is_guarded) guarded_.push_back(static_cast<int>(column));
  }
}

ReadPage PageReader::read(Result result, bool is_exact) const {
  const int rows = result.rows();
  const auto cut = static_cast<int>(layout_.columns().size());
  const auto memory = std::make_shared<Memory>(Memory{std::move(result), {}, {}});
  const auto count = static_cast<std::size_t>(rows);
  constexpr std::size_t longest_number = 20;
  // The uuid columns' texts: of message id, key, attributes, and of the id itself where it serves as message
  // id.
  const auto uuid_texts = layout_.attributes.size() + 3;
  const bool has_uuids =
      std::ranges::count(layout_.columns(), Layout::Form::uuid, &Layout::Selected::form) > 0;
  memory->texts.reserve(count * (longest_number + (has_uuids ? uuid_texts * uuid_text_size : 0)));
  memory->attributes.reserve(count * layout_.attributes.size());

  const core::Bytes overhead = layout_.row_overhead();
  ReadPage read;
  read.page.rows.reserve(count);
  for (int row = 0; row < rows; ++row) {
    if (is_exact && !memory->result.is_null(row, cut)) {
      read.cut_before = core::Bytes{static_cast<std::size_t>(memory->result.bigint(row, cut))};
      break;
    }
    read.page.rows.push_back(read_row(*memory, row));
    read.page.bytes += size_of(memory->result, row, overhead);
  }
  if (!std::ranges::is_sorted(read.page.rows, {}, &core::Row::id)) {
    std::ranges::stable_sort(read.page.rows, {}, &core::Row::id);
  }
  read.page.memory = memory;
  return read;
}

core::Row PageReader::read_row(Memory& memory, int row) const {
  const auto value = [&](const std::optional<int>& column) {
    return column ? read_value(memory, row, *column) : core::Value{};
  };
  core::Row read;
  read.id = read_id(memory.result, row);
  read_place(memory.result.bytes(row, Layout::place), read.place);
  read.place.table =
      layout_.table ? read_number<std::uint32_t>(memory.result.bytes(row, *layout_.table)) : table_oid_;
  read.key = value(layout_.key);
  read.payload = value(layout_.payload);
  read.headers = value(layout_.headers);
  if (layout_.created_at && !memory.result.is_null(row, *layout_.created_at)) {
    read.created_at = read_time(memory.result.bytes(row, *layout_.created_at));
  }
  const auto message_id = value(layout_.message_id);
  read.message_id = message_id ? *message_id : *read_value(memory, row, Layout::id);
  const auto first = memory.attributes.size();
  for (const int column : layout_.attributes) memory.attributes.push_back(read_value(memory, row, column));
  read.attributes = std::span{memory.attributes}.subspan(first);
  return read;
}

core::RowId PageReader::read_id(const Result& result, int row) const {
  switch (id_kind_) {
    case IdKind::number:
      return core::RowId{result.bigint(row, Layout::id)};
    case IdKind::text:
      return core::RowId{result.text(row, Layout::id)};
    case IdKind::uuid:
      break;
  }
  std::string text;
  append_uuid(text, result.bytes(row, Layout::id));
  return core::RowId{std::move(text)};
}

core::Value PageReader::read_value(Memory& memory, int row, int column) const {
  const auto bytes = memory.result.bytes(row, column);
  if (bytes.empty() && memory.result.is_null(row, column)) return std::nullopt;
  const auto form = layout_.columns()[static_cast<std::size_t>(column)].form;
  if (form != Layout::Form::uuid && form != Layout::Form::number) return bytes;
  const auto start = memory.texts.size();
  const auto room = memory.texts.capacity();
  if (form == Layout::Form::uuid) {
    append_uuid(memory.texts, bytes);
  } else {
    memory.texts += std::to_string(read_number<std::int64_t>(bytes));
  }
  assert(memory.texts.capacity() == room);
  return std::string_view{memory.texts}.substr(start);
}

bool PageReader::has_token(const Result& result) const {
  for (int row = 0; row < result.rows(); ++row) {
    for (const int column : guarded_) {
      if (result.size(row, column) == token_.size() && result.bytes(row, column) == token_) return true;
    }
  }
  return false;
}

/// As the exact form counts it.
core::Bytes PageReader::size_of(const Result& result, int row, core::Bytes overhead) const {
  core::Bytes size = overhead;
  for (const int column : guarded_) size += core::Bytes{result.size(row, column)};
  return size;
}

}  // namespace outbox_relay::postgres
