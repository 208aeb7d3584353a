#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/diagnosis.h"
#include "core/failure.h"
#include "postgres/catalog.h"
#include "postgres/identifiers.h"
#include "postgres/settings.h"

// The outbox table as the catalog describes it, and whether the relay can work with it.
namespace outbox_relay::postgres {

/// A column and its type, in the words of `format_type` without a length; for a domain, of the type beneath
/// it.
struct Column {
  std::string name;
  std::string type;
  bool fixed_size = false;  ///< values of this type cannot be large
};

/// How ids compare and travel.
enum class IdKind : std::uint8_t {
  number,  ///< smallint, integer, bigint: as bigint
  text,    ///< text, varchar, char: byte by byte, COLLATE "C"
  uuid,
};

struct Sequence {
  std::string schema;
  std::string name;
  std::uint32_t filenode = 0;  ///< another one after each RESTART, also by TRUNCATE … RESTART IDENTITY
};

struct Table {
  std::string schema;
  std::string name;
  std::uint32_t oid = 0;
  /// Its file, which is another one after TRUNCATE, VACUUM FULL or a rewrite. Of partitions a sum over all of
  /// them, which changes when one of these things happens to any, or when one comes or goes.
  std::uint32_t filenode = 0;
  bool has_partitions = false;  ///< or children by inheritance: a ctid alone does not name a row
  IdKind id_kind = IdKind::number;
  Column id;
  std::optional<Column> message_id;
  std::optional<Column> key;
  std::optional<Column> payload;
  std::optional<Column> headers;
  std::optional<Column> created_at;
  std::optional<Column> sent;
  std::optional<Column> parked_at;   ///< without it no row is parked
  std::optional<Column> attempts;    ///< together with the next or not at all
  std::optional<Column> last_error;  ///< tells refused rows from those behind them
  std::vector<Column> attributes;    ///< in the order of `core::Routing::columns`
  Completion completion = Completion::mark;
  bool parks = false;  ///< those three are there and may be written
  /// Draws the ids, upwards. Without it ids may appear in any order, and there are no gaps to watch.
  std::optional<Sequence> sequence;
  std::optional<std::string> advice;  ///< what makes it slow, with the DDL against it: a line for the log
};

/// Something that keeps the relay from working with the table.
struct TableProblem {
  core::Aspect aspect{};
  core::Failure failure;  ///< with remedy `operate` and a hint
};

/// What the relay needs of the table. Adds everything that is missing or not permitted to `found`; the result
/// is whole only where nothing is.
[[nodiscard]] Table examine_table(const TableSettings& settings, std::span<const std::string> attributes,
                                  const Catalog& catalog, std::vector<TableProblem>& found);

/// The same, if everything the relay needs is there and permitted. Throws `core::FailureError` with the first
/// problem otherwise.
[[nodiscard]] Table describe_table(const TableSettings& settings, std::span<const std::string> attributes,
                                   const Catalog& catalog);

/// The expression for `Table::filenode` as it is now, of the table with this oid (an expression, too).
[[nodiscard]] std::string filenode_of(const Table& table, const std::string& oid);

/// The role, quoted, may not delete rows of the table.
[[nodiscard]] core::Failure forbidden_deletion(const TableSettings& settings, const std::string& role);

/// There is no such table.
[[nodiscard]] core::Failure missing_table(const TableSettings& settings);

/// `o."name"`: the column of the outbox, whose alias is `o` in every statement.
[[nodiscard]] std::string reference(const Column& column);

}  // namespace outbox_relay::postgres
