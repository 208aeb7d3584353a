#include "postgres/replay_requests.h"

#include <utility>

#include "core/failure.h"
#include "postgres/control_session.h"
#include "postgres/placed_rows.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/row_bounds.h"
#include "postgres/statements.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {
namespace {

/// The rows that one statement looks at.
constexpr int chunk_rows = 10'000;

[[noreturn]] void refuse(core::Reason reason, std::string message, std::string hint) {
  throw core::FailureError({reason, core::Remedy::operate, std::move(message), std::move(hint)});
}

}  // namespace

/// The connection, the outbox's table, and that of the requests.
class ReplayRequests::Session {
 public:
  explicit Session(Settings settings)
      : settings_(std::move(settings)),
        relation_(qualified(settings_.control_schema.value_or(""), replay_table)),
        control_(settings_.server),
        table_(control_.describe(settings_.table)),
        target_(qualified(table_.schema, table_.name) + " o") {
    read([this](pqxx::work& transaction) { check_access(transaction); });
  }

  SentRows find(const ReplayBounds& bounds, const Progress& progress) {
    SentRows found;
    std::optional<std::string> from;
    read([&](pqxx::work& transaction) { from = read_bounds(transaction, bounds, found); });
    std::optional<std::string> after = from;
    while (const auto chunk = look_at(after, bounds, found)) {
      if (chunk->rows > 0) {
        if (found.rows == 0) found.above_id = after;
        found.rows += chunk->rows;
        found.last_id = chunk->last_found;
      }
      after = chunk->last;
      if (progress) progress(found.rows, *after);
    }
    return found;
  }

  std::int64_t request(const SentRows& rows, int rows_per_second) {
    std::int64_t id = 0;
    control_.transact(ControlSession::Kind::change, [&](pqxx::work& transaction) {
      Texts parameters{table_.schema,
                       table_.name,
                       std::to_string(table_.oid),
                       rows.last_id,
                       std::to_string(rows_per_second),
                       std::to_string(rows.rows)};
      if (rows.above_id) parameters.push_back(*rows.above_id);
      const auto moment = [](std::optional<std::int64_t> time) {
        return time ? moment_sql(*time) : std::string{"NULL"};
      };
      id = execute(
               transaction,
               "INSERT INTO " + relation_ +
                   " (table_schema, table_name, table_oid, last_id, rows_per_second, wanted_rows, above_id,"
                   " created_from, created_before) VALUES ($1, $2, $3, $4, $5, $6, " +
                   (rows.above_id ? "$7" : "NULL") + ", " + moment(rows.created_from) + ", " +
                   moment(rows.created_before) + ") RETURNING id",
               parameters)[0][0]
               .as<std::int64_t>();
    });
    return id;
  }

  Replay find_request(std::int64_t id) {
    Replay replay;
    read([&](pqxx::work& transaction) {
      const auto found =
          execute(transaction,
                  "SELECT r.state, r.wanted_rows, r.replayed_rows, r.refused_rows, r.last_error,"
                  " coalesce(r.held_until > clock_timestamp(), false) FROM " +
                      relation_ + " r WHERE r.id = $1 AND r.table_schema = $2 AND r.table_name = $3",
                  {std::to_string(id), table_.schema, table_.name});
      if (found.empty()) {
        refuse(core::Reason::missing, "the outbox has no replay " + std::to_string(id),
               "SELECT id, state FROM " + relation_ + " lists them");
      }
      const auto row = found[0];
      replay = {id,
                to_replay_state(row[0].as<std::string>()),
                row[1].as<std::size_t>(),
                row[2].as<std::size_t>(),
                row[3].as<std::size_t>(),
                optional_text(row[4]),
                row[5].as<bool>()};
    });
    return replay;
  }

  void cancel(std::int64_t id) {
    control_.transact(ControlSession::Kind::change, [&](pqxx::work& transaction) {
      const std::string is_free = "(r.held_until IS NULL OR r.held_until < clock_timestamp())";
      execute(transaction,
              "UPDATE " + relation_ + " r SET is_cancelled = true, state = CASE WHEN " + is_free +
                  " THEN 'cancelled' ELSE r.state END, ended_at = CASE WHEN " + is_free +
                  " THEN clock_timestamp() END WHERE r.id = $1 AND r.state IN " + open_replay_states,
              {std::to_string(id)});
    });
  }

 private:
  struct Chunk {
    std::size_t rows = 0;
    std::string last_found;
    std::string last;
  };

  void read(const std::function<void(pqxx::work&)>& work) {
    control_.transact(ControlSession::Kind::read, work);
  }

  void check_access(pqxx::work& transaction) const {
    if (!table_.sent) {
      refuse(core::Reason::missing, "the outbox keeps no sent rows", "it needs `completion: mark`");
    }
    if (!settings_.control_schema) {
      refuse(core::Reason::missing, "a replay needs a control schema", "set `postgres.control_schema`");
    }
    const auto requests = read_control_table(transaction, *settings_.control_schema, replay_table);
    if (!requests) {
      refuse(core::Reason::missing, "table " + relation_ + " does not exist, which a replay needs",
             "run deploy/sql/control.sql and role.sql (again)");
    }
    if (!requests->is_writable) {
      refuse(core::Reason::authorization, "table " + relation_ + " may not be read and written",
             "GRANT SELECT, INSERT, UPDATE ON " + relation_ +
                 " to the relay's role, as deploy/sql/role.sql does");
    }
  }

  /// The id below the first one that is meant; takes down the times.
  std::optional<std::string> read_bounds(pqxx::work& transaction, const ReplayBounds& bounds,
                                         SentRows& found) const {
    if (const auto* times = std::get_if<TimeBounds>(&bounds)) {
      if (!table_.created_at) {
        refuse(core::Reason::missing, "the outbox has no column that tells when a row was created",
               "give ids");
      }
      found.created_from = read_moment(transaction, times->from);
      found.created_before = read_moment(transaction, times->before);
      return std::nullopt;
    }
    const auto& ids = std::get<IdBounds>(bounds);
    check_id(table_, ids.first);
    check_id(table_, ids.last);
    const auto id = id_order(table_);
    const auto below = execute(transaction,
                               "SELECT " + reference(table_.id) + "::text FROM " + target_ + " WHERE " + id +
                                   " < " + id_from_text(table_, "$1") + " ORDER BY " + id + " DESC LIMIT 1",
                               {ids.first});
    if (below.empty()) return std::nullopt;
    return below[0][0].as<std::string>();
  }

  std::optional<Chunk> look_at(const std::optional<std::string>& after, const ReplayBounds& bounds,
                               const SentRows& found) {
    std::optional<Chunk> chunk;
    read([&](pqxx::work& transaction) {
      Texts parameters;
      std::string range = "true";
      const auto bound = [&](const char* comparison, const std::string& value) {
        parameters.push_back(value);
        range += " AND " + id_order(table_) + comparison +
                 id_from_text(table_, "$" + std::to_string(parameters.size()));
      };
      if (after) bound(" > ", *after);
      if (const auto* ids = std::get_if<IdBounds>(&bounds)) bound(" <= ", ids->last);
      const auto row = execute(transaction, chunk_sql(range, found), parameters)[0];
      chunk.reset();
      if (row[2].is_null()) return;
      chunk = Chunk{row[0].as<std::size_t>(), optional_text(row[1]).value_or(""), row[2].as<std::string>()};
    });
    return chunk;
  }

  [[nodiscard]] std::string chunk_sql(const std::string& range, const SentRows& found) const {
    const auto id = id_order(table_);
    const auto last_of = [](const std::string& condition) {
      return "(SELECT w.id::text FROM walked w WHERE " + condition + " ORDER BY w.id DESC LIMIT 1)";
    };
    return "WITH walked AS MATERIALIZED (SELECT " + id + " AS id, " +
           replayed_condition(table_, found.created_from, found.created_before) + " AS is_meant FROM " +
           target_ + " WHERE " + range + " ORDER BY " + id + " LIMIT " + std::to_string(chunk_rows) +
           ") SELECT count(*) FILTER (WHERE is_meant), " + last_of("w.is_meant") + ", " + last_of("true") +
           " FROM walked";
  }

  Settings settings_;
  std::string relation_;
  ControlSession control_;
  Table table_;
  std::string target_;
};

ReplayRequests::ReplayRequests(Settings settings)
    : session_(std::make_unique<Session>(std::move(settings))) {}

ReplayRequests::~ReplayRequests() = default;

SentRows ReplayRequests::find(const ReplayBounds& bounds, const Progress& progress) {
  return session_->find(bounds, progress);
}

std::int64_t ReplayRequests::request(const SentRows& rows, int rows_per_second) {
  return session_->request(rows, rows_per_second);
}

Replay ReplayRequests::read(std::int64_t id) {
  return session_->find_request(id);
}

void ReplayRequests::cancel(std::int64_t id) {
  session_->cancel(id);
}

}  // namespace outbox_relay::postgres
