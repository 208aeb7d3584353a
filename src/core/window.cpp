#include "core/window.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace outbox_relay::core {

namespace {

/// Where more of a page than this part of it is unfinished, it is left to finish by itself.
constexpr std::size_t little = 8;
/// What is looked at row by row whenever there is no room, however many of them are unfinished.
constexpr std::size_t short_page = 64;

template <typename Visit>
void for_each_text(const Row& row, Visit visit) {
  visit(row.message_id);
  for (const Value& value : {row.key, row.payload, row.headers}) {
    if (value) visit(*value);
  }
  for (const Value& value : row.attributes) {
    if (value) visit(*value);
  }
}

Bytes size_of_texts(const Row& row) {
  Bytes size;
  for_each_text(row, [&size](std::string_view text) { size += Bytes{text.size()}; });
  return size;
}

/// Rows copied out of their page.
class Copies {
 public:
  explicit Copies(std::span<const Row* const> rows) {
    std::size_t bytes = 0;
    std::size_t attributes = 0;
    for (const Row* row : rows) {
      bytes += size_of_texts(*row).count;
      attributes += row->attributes.size();
    }
    texts_.reserve(bytes);
    attributes_.reserve(attributes);
  }

  Row copy(const Row& row) {
    Row copied = row;
    copied.message_id = keep(row.message_id);
    copied.key = keep(row.key);
    copied.payload = keep(row.payload);
    copied.headers = keep(row.headers);
    const auto first = attributes_.size();
    for (const Value& value : row.attributes) attributes_.push_back(keep(value));
    copied.attributes = std::span{attributes_}.subspan(first);
    return copied;
  }

 private:
  std::string_view keep(std::string_view text) {
    const auto start = texts_.size();
    texts_ += text;
    return std::string_view{texts_}.substr(start);
  }
  Value keep(const Value& value) { return value ? Value{keep(*value)} : std::nullopt; }

  std::string texts_;
  std::vector<Value> attributes_;
};

}  // namespace

WindowPage* Window::admit(Page page, LogPosition safe_at) {
  if (page.rows.empty()) return nullptr;
  WindowPage& added = pages_.emplace_back();
  added.page = std::move(page);
  added.safe_at = safe_at;
  added.place = std::prev(pages_.end());
  added.unfinished = added.page.rows.size();
  added.rows.reserve(added.unfinished);
  for (const Row& row : added.page.rows) {
    InFlight& in_flight = added.rows.emplace_back();
    in_flight.row = &row;
    in_flight.page = &added;
  }
  const RowId& last = added.page.rows.back().id;
  if (pages_.size() == 1 || last > highest_) highest_ = last;
  rows_ += added.unfinished;
  bytes_ += added.page.bytes;
  by_stage_[static_cast<std::size_t>(Stage::unsafe)] += added.unfinished;
  return &added;
}

void Window::advance(InFlight& row, Stage to) {
  assert(row.stage != Stage::done && to != Stage::done);
  --by_stage_[static_cast<std::size_t>(row.stage)];
  ++by_stage_[static_cast<std::size_t>(to)];
  row.stage = to;
}

void Window::finish(InFlight& row) {
  assert(row.stage != Stage::done);
  if (row.page->is_indexed) index_.remove(row);
  --by_stage_[static_cast<std::size_t>(row.stage)];
  row.stage = Stage::done;
  --rows_;
  WindowPage& page = *row.page;
  if (--page.unfinished > 0) return;
  bytes_ -= page.page.bytes;
  pages_.erase(page.place);
}

bool Window::make_room(Bytes needed) {
  const Bytes before = bytes_;
  for (WindowPage& page : pages_) {
    if (room_bytes() >= needed) break;
    if (const auto rest = size_of_rest(page)) copy_out(page, *rest);
  }
  return bytes_ < before;
}

// What the page would occupy if only its unfinished rows were kept; nothing when it is not worth a copy, or
// must not be copied.
std::optional<Bytes> Window::size_of_rest(const WindowPage& page) {
  if (page.is_copied || page.unfinished == page.rows.size()) return std::nullopt;
  if (page.unfinished > page.rows.size() / little && page.rows.size() > short_page) return std::nullopt;
  Bytes texts;
  Bytes others{page.rows.size() * sizeof(InFlight)};
  for (const InFlight& row : page.rows) {
    switch (row.stage) {
      case Stage::done:
        continue;
      case Stage::unsafe:
      case Stage::published:
      case Stage::parking:
      case Stage::completing:
        return std::nullopt;
      case Stage::waiting:
      case Stage::refused:
      case Stage::acknowledged:
        texts += size_of_texts(*row.row);
        others += Bytes{sizeof(Row) + row.row->attributes.size() * sizeof(Value)};
        break;
    }
  }
  const bool is_little = texts.count <= page.page.bytes.count / little;
  const bool is_worth_it = (texts + others).count <= page.page.bytes.count / 2;
  return is_little && is_worth_it ? std::optional{texts + others} : std::nullopt;
}

// The rows' places in the window stay: who holds one finds it where it was, with another row behind it.
void Window::copy_out(WindowPage& page, Bytes rest) {
  std::vector<const Row*> unfinished;
  unfinished.reserve(page.unfinished);
  for_each_in(page, [&unfinished](const InFlight& row) { unfinished.push_back(row.row); });
  const auto copies = std::make_shared<Copies>(unfinished);
  Page left;
  left.rows.reserve(page.unfinished);
  left.bytes = rest;
  left.memory = copies;
  for (InFlight& row : page.rows) {
    if (row.stage == Stage::done) {
      row.row = nullptr;
    } else {
      row.row = &left.rows.emplace_back(copies->copy(*row.row));
    }
  }
  bytes_ -= page.page.bytes;
  bytes_ += rest;
  page.page = std::move(left);
  page.is_copied = true;
}

bool Window::holds(const Row& row) {
  if (row.id > highest_) return false;  // as nearly every row that was just read
  index_pages();
  return index_.contains(row);
}

// Only once it is asked: most rows are done before anybody does.
void Window::index_pages() {
  for (auto page = pages_.rbegin(); page != pages_.rend() && !page->is_indexed; ++page) {
    for_each_in(*page, [this](InFlight& row) { index_.add(row); });
    page->is_indexed = true;
  }
}

std::optional<std::int64_t> Window::lowest_unfinished() const {
  std::optional<std::int64_t> lowest;
  for (const WindowPage& page : pages_) {
    const auto first =
        std::ranges::find_if(page.rows, [](const InFlight& row) { return row.stage != Stage::done; });
    lower(lowest, first->row->id.number());
  }
  return lowest;
}

void Window::distrust_places() {
  for (WindowPage& page : pages_) page.places_hold = false;
}

}  // namespace outbox_relay::core
