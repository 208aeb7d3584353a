#include "postgres/baseline.h"

#include <utility>

#include "core/failure.h"
#include "postgres/advisory_lock.h"
#include "postgres/control_session.h"
#include "postgres/leader.h"
#include "postgres/other_relay.h"
#include "postgres/placed_rows.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/row_bounds.h"
#include "postgres/statements.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {
namespace {

/// The rows that one transaction looks at: about 50 ms of work, marks included.
constexpr int chunk_rows = 5000;

[[noreturn]] void refuse(std::string message, std::string hint) {
  throw core::FailureError({core::Reason::other, core::Remedy::operate, std::move(message), std::move(hint)});
}

}  // namespace

/// The connection, the table behind it, and what counts as its history.
class Baseline::Session {
 public:
  Session(Settings settings, Before before, bool beside_relay)
      : settings_(std::move(settings)),
        before_(std::move(before)),
        beside_relay_(beside_relay),
        control_(settings_.server),
        table_(control_.describe(settings_.table)),
        target_(qualified(table_.schema, table_.name) + " o") {
    check_kind();
    control_.transact(ControlSession::Kind::read, [this](pqxx::work& transaction) {
      check_past(transaction);
      const auto top = execute(transaction, "SELECT " + reference(table_.id) + "::text FROM " + target_ +
                                                " ORDER BY " + id_order(table_) + " DESC LIMIT 1");
      if (!top.empty()) top_ = top[0][0].as<std::string>();
    });
  }

  BaselineCount walk(bool marks, const Progress& progress) {
    BaselineCount count;
    std::optional<std::string> after;
    while (top_) {
      const auto chunk = look_at(after, marks);
      if (!chunk.last) break;
      after = chunk.last;
      count.marked += chunk.history;
      count.parked += chunk.parked;
      count.up_to = *after;
      if (progress) progress(count);
    }
    return count;
  }

 private:
  struct Chunk {
    std::size_t history = 0;
    std::size_t parked = 0;
    std::optional<std::string> last;
  };

  void check_kind() const {
    if (std::holds_alternative<BeforeTime>(before_) && !table_.created_at) {
      refuse("the outbox has no column that tells when a row was created", "say before which id");
    }
    if (const auto* before = std::get_if<BeforeId>(&before_)) check_id(table_, before->id);
  }

  // Rows that are still to be written would be marked, too, and never published by anybody.
  void check_past(pqxx::work& transaction) {
    if (const auto* before = std::get_if<BeforeTime>(&before_)) {
      moment_ = read_moment(transaction, before->time);
      const auto is_past = execute(transaction, "SELECT " + moment_sql(*moment_) + " <= clock_timestamp()");
      if (!is_past[0][0].as<bool>()) refuse("that time has not come", "give one that has passed");
      return;
    }
    if (!table_.sequence) return;
    const auto& before = std::get<BeforeId>(before_).id;
    const auto drawn = execute(transaction, last_drawn_sql(table_))[0][0].as<std::int64_t>();
    if (std::stoll(before) - 1 <= drawn) return;
    refuse("the last id of table " + qualified(table_.schema, table_.name) + " is " + std::to_string(drawn) +
               ": rows that are still to be written would be marked",
           "give " + std::to_string(drawn + 1) + " at the most");
  }

  Chunk look_at(const std::optional<std::string>& after, bool marks) {
    Chunk chunk;
    const auto kind = marks ? ControlSession::Kind::change : ControlSession::Kind::read;
    control_.transact(kind, [&](pqxx::work& transaction) {
      if (!beside_relay_) keep_relays_out(transaction);
      Texts parameters;
      const auto sql = statement(after, marks, parameters);
      const auto row = execute(transaction, sql, parameters)[0];
      chunk = {row[0].as<std::size_t>(), row[1].as<std::size_t>(), optional_text(row[2])};
    });
    return chunk;
  }

  // Of a relay with a lease it is seen only that it is there: one that begins to lead looks for this lock.
  void keep_relays_out(pqxx::work& transaction) const {
    const auto locked = execute(transaction, advisory_lock_sql("pg_try_advisory_xact_lock"),
                                {table_.schema, table_.name, std::to_string(lock_class)});
    const bool is_locked = !locked.empty() && locked[0][0].as<bool>();
    const auto seen = find_leader(transaction, settings_);
    if (is_locked && !seen.leader && seen.is_certain) return;
    const std::string table = "table " + qualified(table_.schema, table_.name);
    if (!seen.leader && is_locked) {
      refuse("it cannot be seen whether a relay works on " + table,
             "see to it that none does, and say --beside-relay");
    }
    refuse("a relay works on " + table + (seen.leader ? " (" + to_text(*seen.leader) + ")" : "") +
               " and publishes what is to be marked",
           "stop it first; or say --beside-relay, if it may publish a part of the history");
  }

  [[nodiscard]] std::string statement(const std::optional<std::string>& after, bool marks,
                                      Texts& parameters) const {
    const auto parameter = [&parameters](const std::string& value) {
      parameters.push_back(value);
      return "$" + std::to_string(parameters.size());
    };
    const auto id = id_order(table_);
    const auto bound = [&](const std::string& value) { return id_from_text(table_, parameter(value)); };
    std::string range = id + " <= " + bound(*top_);
    std::string is_old = "true";
    if (moment_) {
      is_old = reference(*table_.created_at) + " < " + moment_sql(*moment_);
    } else {
      range += " AND " + id + " < " + bound(std::get<BeforeId>(before_).id);
    }
    if (after) range += " AND " + id + " > " + bound(*after);
    const std::string parked = table_.parked_at ? reference(*table_.parked_at) + " IS NOT NULL" : "false";
    const auto walked = "WITH walked AS MATERIALIZED (SELECT " + id + " AS id, " + is_old + " AND " +
                        pending_condition(table_) + " AS is_history, " + is_old + " AND " + parked +
                        " AS is_parked FROM " + target_ + " WHERE " + range + " ORDER BY " + id + " LIMIT " +
                        std::to_string(chunk_rows) + ")";
    const std::string totals =
        ", count(*) FILTER (WHERE is_parked), (SELECT w.id::text FROM walked w ORDER BY w.id DESC LIMIT 1)"
        " FROM walked";
    if (!marks) return walked + " SELECT count(*) FILTER (WHERE is_history)" + totals;
    return walked + ", marked AS (UPDATE " + target_ + " SET " + quoted_name(table_.sent->name) + " = " +
           sent_value(table_) + " WHERE " + reference(table_.id) +
           " = ANY(ARRAY(SELECT id FROM walked WHERE is_history)) AND " + pending_condition(table_) +
           " RETURNING 1) SELECT (SELECT count(*) FROM marked)" + totals;
  }

  Settings settings_;
  Before before_;
  bool beside_relay_;
  ControlSession control_;
  Table table_;
  std::string target_;
  std::optional<std::int64_t> moment_;  ///< of a `BeforeTime`
  std::optional<std::string> top_;      ///< the highest id there was at the beginning
};

Baseline::Baseline(Settings settings, Before before, bool beside_relay)
    : session_(std::make_unique<Session>(std::move(settings), std::move(before), beside_relay)) {}

Baseline::~Baseline() = default;

BaselineCount Baseline::count(const Progress& progress) {
  return session_->walk(false, progress);
}

BaselineCount Baseline::mark(const Progress& progress) {
  return session_->walk(true, progress);
}

}  // namespace outbox_relay::postgres
