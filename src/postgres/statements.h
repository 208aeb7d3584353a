#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/units.h"
#include "postgres/layout.h"
#include "postgres/result.h"
#include "postgres/table.h"

// All SQL text of the data path. A rule that more than one statement needs (what *pending* means, how ids
// compare) is written once, here.
namespace outbox_relay::postgres {

/// What makes a row pending, for the table under the alias `o`.
[[nodiscard]] std::string pending_condition(const Table& table);
/// What makes a row sent, and not parked.
[[nodiscard]] std::string sent_condition(const Table& table);
/// The id as it is compared and ordered.
[[nodiscard]] std::string id_order(const Table& table);

/// The length of a value without detoasting; of json and the like the stored one, which compression makes
/// smaller.
[[nodiscard]] std::string stored_length(const Layout::Selected& selected);
/// How a value leaves the server.
[[nodiscard]] std::string output(const Layout::Selected& selected, const std::string& value);
[[nodiscard]] bool is_timestamp(const Column& column);
/// What the sent column is set to.
[[nodiscard]] std::string sent_value(const Table& table);

/// The highest id drawn from the table's sequence, as a query.
[[nodiscard]] std::string last_drawn_sql(const Table& table);

/// What one fetch is to look at.
struct FetchShape {
  bool with_gaps = false;  ///< number ids only
  bool has_after = true;   ///< only above $6
  bool has_up_to = true;   ///< only up to $7
  bool is_exact = false;   ///< see `Statements`
};

/// The statements for one table.
///
/// A fetch must not make the server send more than `max_bytes`, whatever the sizes of the rows. A running sum
/// of sizes (sum() OVER) does that, but costs 55 % more than the bare statement: 3.5 instead of 2.25 µs a row
/// (1 M rows of 400 bytes in pages of 1000, PostgreSQL 15, lower quartile of 900 pages). So there are two
/// forms.
///
/// Quick [+7 %]: each value that could be large is guarded by its own length, and a larger one comes back as
/// a token that no value can equal. A page with a token in it is thrown away and fetched again in the exact
/// form.
///
/// Exact: a running sum; the first row that does not fit comes without its values, with its size. Lengths are
/// taken without detoasting. json, jsonb and other types are cut by their stored size first and converted
/// then, so that no more is converted than is stored in one page's bytes. Beside large rows this costs
/// nothing.
///
/// Parameters, the same in all fetches:
///   $1 bigint: quick: the payload's largest length; exact: max_bytes
///   $2 bigint: quick: any other value's;            exact: 1 when the first row is to come whole
///   $3 text, $4 bytea: the token
///   $5 bigint: max_rows, of the gaps and of what is above them each
///   $6, $7 bigint or text: after, up_to
///   $8, $9 bigint[]: the first and the last ids of the gaps
/// Instead of $5 and beyond, `reread` takes the ids as $5: bigint[] or text[].
///
/// They return the columns of the `Layout`; the exact form adds the size of a row that did not fit, or NULL.
class Statements {
 public:
  /// `server_version` as PQserverVersion has it. `wanted`: the condition on the rows that a fetch is to find,
  /// if not those that are pending.
  Statements(const Table& table, const Layout& layout, int server_version,
             std::optional<std::string> wanted = {});

  [[nodiscard]] std::string fetch(FetchShape shape) const;
  /// The rows of some ids that are still pending; values longer than $1 and $2 (the lengths that were
  /// published) come as the token.
  [[nodiscard]] std::string reread() const;
  /// The highest id in the table, pending or not.
  [[nodiscard]] std::string highest() const;
  /// Completes rows by their places (`add_placed_rows`).
  [[nodiscard]] std::string complete() const;
  /// The same, but for rows that somebody has locked. Returns the ids of those that are complete now.
  [[nodiscard]] std::string complete_unlocked() const;
  /// The missing ids in ($1, $2]. A row (previous id, id, number of this row) for each jump, and one for the
  /// last row, of at most $3 rows.
  [[nodiscard]] std::string survey() const;
  /// Who holds a write lock on the table. $1 oid of the table; $2, $3 integer: backends that do not count.
  [[nodiscard]] std::string writers() const;
  /// The highest id drawn from the sequence, and the id below the lowest in the table.
  [[nodiscard]] std::string sequence_facts() const;

 private:
  [[nodiscard]] std::string quick_column(const Layout::Selected& selected) const;
  [[nodiscard]] std::string quick_columns() const;
  [[nodiscard]] std::string reread_columns() const;
  [[nodiscard]] std::string raw_columns() const;
  [[nodiscard]] std::string select(const std::string& columns, const std::string& condition) const;
  [[nodiscard]] std::string between(FetchShape shape) const;
  [[nodiscard]] std::string found(const std::string& columns, FetchShape shape) const;
  [[nodiscard]] std::string exact(FetchShape shape) const;
  [[nodiscard]] std::string converted(const std::string& found) const;

  Table table_;
  Layout layout_;
  bool tells_compression_;
  std::string wanted_;
};

/// The positions in the log that make a fetch safe: written so far, flushed so far; and the time.
extern const char* const positions_sql;
extern const char* const flush_position_sql;
[[nodiscard]] core::LogPosition read_position(const Result& result, int column);

}  // namespace outbox_relay::postgres
