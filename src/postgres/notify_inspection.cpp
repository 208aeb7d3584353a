#include "postgres/inspections.h"
#include "postgres/pqxx_adapter.h"

namespace outbox_relay::postgres {
namespace {

using core::Aspect;
using core::Severity;

/// Whatever it does: that is not to be seen from outside.
const char* const insert_trigger_sql = R"(
SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger
                WHERE tgrelid = $1::oid AND NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgtype & 4 <> 0))";

}  // namespace

void inspect_notifications(pqxx::transaction_base& transaction, const Subject& subject,
                           core::Findings& findings) {
  const Settings& settings = subject.wanted.settings;
  if (!settings.notify_channel) return;
  if (settings.coordination == Coordination::lease) {
    findings.push_back({Severity::warning, Aspect::postgres_notify,
                        "`notify_channel` is not used with `coordination: lease`",
                        "a pooler of transactions passes no notifications on, so rows wait for the next poll",
                        "leave it out, and set `poll_interval` as long as a row may wait"});
    return;
  }
  const auto rows = execute(transaction, insert_trigger_sql, {std::to_string(subject.table.oid)});
  if (rows[0][0].as<bool>()) return;
  findings.push_back({Severity::warning, Aspect::postgres_notify,
                      "table " + subject.relation() + " has no trigger that notifies of rows",
                      "rows wait for the next poll, unless those who insert them notify `" +
                          *settings.notify_channel + "` themselves",
                      subject.wanted.make_trigger});
}

}  // namespace outbox_relay::postgres
