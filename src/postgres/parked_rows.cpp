#include "postgres/parked_rows.h"

#include <algorithm>
#include <map>
#include <pqxx/pqxx>
#include <utility>

#include "postgres/control_session.h"
#include "postgres/parked_rows_statements.h"
#include "postgres/parking_statements.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {
namespace {

pqxx::result run(pqxx::transaction_base& transaction, const ParkedStatement& statement) {
  return execute(transaction, statement.sql, statement.parameters);
}

/// Undoes `error_text`.
void split_error(const std::string& text, ParkedRow& row) {
  if (text.starts_with(behind_prefix)) {
    row.error = text + ", which is not parked any more";
    return;
  }
  const auto end = text.find(after_reason);
  const auto* reason = std::ranges::find_if(
      core::all_reasons, [&](core::Reason known) { return text.substr(0, end) == core::to_label(known); });
  const bool is_known = end != std::string::npos && reason != std::end(core::all_reasons);
  row.reason = is_known ? *reason : core::Reason::other;
  row.error = is_known ? text.substr(end + after_reason.size()) : text;
}

}  // namespace

/// The connection, and the table behind it.
class ParkedRows::Session {
 public:
  explicit Session(Settings settings) : settings_(std::move(settings)), control_(settings_.server) {
    settings_.table.parks = true;
    table_ = control_.describe(settings_.table);
    read([&](pqxx::work& transaction) { remembers_ = has_watermark_table(transaction); });
  }

  [[nodiscard]] ParkedRowsStatements statements(const ParkedSelection& selection) const {
    if (!selection.keys.empty() && !table_.key) {
      throw core::FailureError({core::Reason::missing, core::Remedy::operate, "the outbox has no key column",
                                "select rows by id or reason"});
    }
    return {table_, selection};
  }

  void read(const std::function<void(pqxx::work&)>& work) {
    control_.transact(ControlSession::Kind::read, work);
  }

  /// One page of an action: the refused rows, then, by a statement of its own, those behind them. It sees
  /// those that came while the first one waited for a lock. Returns the last id; nothing when there are no
  /// more.
  std::optional<std::string> act(const ParkedRowsStatements& statements, ParkedAction action,
                                 const std::optional<std::string>& after, ParkedCount& count) {
    std::optional<std::string> last;
    ParkedCount done;
    control_.transact(ControlSession::Kind::change, [&](pqxx::work& transaction) {
      last.reset();
      const auto refused = run(transaction, statements.act(action, after));
      if (refused.empty()) return;
      Texts errors;
      std::optional<std::int64_t> lowest;
      for (const auto& row : refused) {
        const auto id = row[0].as<std::string>();
        errors.push_back(row[1].as<std::string>());
        if (!last || follows(id, *last)) last = id;
        if (action == ParkedAction::requeue) lower(lowest, row[0]);
      }
      const auto released = run(transaction, statements.release(errors))[0];
      lower(lowest, released[1]);
      if (lowest) remember(transaction, *lowest);
      done = {static_cast<std::size_t>(refused.size()), released[0].as<std::size_t>()};
    });
    count.refused += done.refused;
    count.behind += done.behind;
    return last;
  }

 private:
  bool has_watermark_table(pqxx::work& transaction) const {
    if (!settings_.control_schema || table_.id_kind != IdKind::number) return false;
    const auto watermarks = read_control_table(transaction, *settings_.control_schema, "watermark");
    return watermarks && watermarks->is_writable && watermarks->has_requeued_from;
  }

  /// A relay that starts before another has noticed must not begin above the rows that were put back.
  void remember(pqxx::work& transaction, std::int64_t lowest) const {
    if (!remembers_) return;
    execute(transaction,
            "INSERT INTO " + qualified(*settings_.control_schema, "watermark") +
                " AS w (table_schema, table_name, table_oid, system_identifier, timeline, requeued_from)"
                " VALUES ($1, $2, $3::oid, 0, 0, $4::bigint) ON CONFLICT (table_schema, table_name) DO UPDATE"
                " SET requeued_from = least(w.requeued_from, excluded.requeued_from)",
            {table_.schema, table_.name, std::to_string(table_.oid), std::to_string(lowest)});
  }

  [[nodiscard]] bool follows(const std::string& id, const std::string& other) const {
    if (table_.id_kind != IdKind::number) return id > other;
    return std::stoll(id) > std::stoll(other);
  }

  void lower(std::optional<std::int64_t>& lowest, const pqxx::field& id) const {
    if (table_.id_kind != IdKind::number || id.is_null()) return;
    const auto number = id.as<std::int64_t>();
    lowest = std::min(lowest.value_or(number), number);
  }

  Settings settings_;
  ControlSession control_;
  Table table_;
  bool remembers_ = false;
};

ParkedRows::ParkedRows(Settings settings) : session_(std::make_unique<Session>(std::move(settings))) {}

ParkedRows::~ParkedRows() = default;

void ParkedRows::list(const ParkedSelection& selection, const std::function<void(const ParkedRow&)>& visit) {
  const auto statements = session_->statements(selection);
  std::map<std::string, std::int64_t> behind;
  session_->read([&](pqxx::work& transaction) {
    behind.clear();
    for (const auto& row : run(transaction, statements.count_behind())) {
      behind.emplace(row[0].as<std::string>(), row[1].as<std::int64_t>());
    }
  });
  std::optional<std::string> after;
  for (;;) {
    std::vector<ParkedRow> page;
    session_->read([&](pqxx::work& transaction) {
      page.clear();
      for (const auto& row : run(transaction, statements.page(after))) {
        auto& parked = page.emplace_back();
        parked.id = row[0].as<std::string>();
        split_error(row[1].as<std::string>(), parked);
        parked.attempts = row[2].as<std::int64_t>();
        parked.parked_at = row[3].as<std::string>();
        parked.created_at = optional_text(row[4]);
        parked.has_key = row[5].as<bool>();
        const auto found = behind.find(row[6].as<std::string>());
        parked.rows_behind = found == behind.end() ? 0 : found->second;
      }
    });
    if (page.empty()) return;
    for (const auto& row : page) visit(row);
    after = page.back().id;
  }
}

std::vector<NotRefused> ParkedRows::find_not_refused(const ParkedSelection& selection) {
  std::map<std::string, std::optional<std::string>> parked;
  session_->read([&](pqxx::work& transaction) {
    parked.clear();
    for (const auto& row : run(transaction, session_->statements({}).find(selection.ids))) {
      parked[row[0].as<std::string>()] = optional_text(row[1]);
    }
  });
  std::vector<NotRefused> others;
  for (const auto& id : selection.ids) {
    const auto found = parked.find(id);
    if (found == parked.end()) {
      others.push_back({id, std::nullopt});
    } else if (found->second) {
      others.push_back({id, found->second});
    }
  }
  return others;
}

ParkedCount ParkedRows::count(const ParkedSelection& selection) {
  ParkedCount count;
  list(selection, [&](const ParkedRow& row) {
    ++count.refused;
    count.behind += static_cast<std::size_t>(row.rows_behind);
  });
  return count;
}

ParkedCount ParkedRows::change(ParkedAction action, const ParkedSelection& selection,
                               const Progress& progress) {
  const auto statements = session_->statements(selection);
  ParkedCount count;
  std::optional<std::string> after;
  for (;;) {
    after = session_->act(statements, action, after, count);
    if (!after) return count;
    if (progress) progress(count);
  }
}

ParkedCount ParkedRows::requeue(const ParkedSelection& selection, const Progress& progress) {
  return change(ParkedAction::requeue, selection, progress);
}

ParkedCount ParkedRows::discard(const ParkedSelection& selection, const Progress& progress) {
  return change(ParkedAction::discard, selection, progress);
}

}  // namespace outbox_relay::postgres
