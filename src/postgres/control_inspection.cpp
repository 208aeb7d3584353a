#include "postgres/control_table.h"
#include "postgres/inspections.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/replay_table.h"

namespace outbox_relay::postgres {
namespace {

using core::Aspect;
using core::Severity;

const char* const without_watermark = "each start looks through the whole table, about 2 s for 5 M rows";
const char* const without_lease = "`coordination: lease` does not work without it: nothing is relayed";
const char* const without_replay = "`outbox-relay replay` does not work without it";

const char* const renew_lease_sql = R"(
SELECT has_function_privilege(p.oid, 'EXECUTE')
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = $1::text AND p.proname = 'renew_lease')";

class ControlSchema {
 public:
  ControlSchema(pqxx::transaction_base& transaction, const Subject& subject, core::Findings& findings)
      : transaction_(transaction),
        subject_(subject),
        schema_(*subject.wanted.settings.control_schema),
        findings_(findings) {}

  void inspect_watermarks() {
    const auto found = read("watermark", Severity::warning, without_watermark);
    if (!found) return;
    const bool is_current = found->has_requeued_from && found->has_sequence_file;
    if (!is_current) {
      add(Severity::warning,
          "table " + qualified(schema_, "watermark") + " is from an earlier version of the relay",
          without_watermark, subject_.wanted.make_control_schema);
    }
  }

  void inspect_lease() {
    if (!read("lease", Severity::error, without_lease)) return;
    const auto rows = execute(transaction_, renew_lease_sql, {schema_});
    const std::string function = qualified(schema_, "renew_lease");
    if (rows.empty()) {
      add(Severity::error, "function " + function + " does not exist", without_lease,
          subject_.wanted.make_control_schema);
    } else if (!rows[0][0].as<bool>()) {
      add(Severity::error, "function " + function + " may not be called", without_lease,
          "GRANT EXECUTE ON FUNCTION " + function + " TO " + subject_.role);
    }
  }

  void inspect_replays() {
    if (is_missing_) return;  // what makes the other table makes this one
    read(replay_table, Severity::warning, without_replay);
  }

 private:
  void add(Severity severity, std::string what, std::string why, std::string fix) {
    findings_.push_back(
        {severity, Aspect::postgres_control_schema, std::move(what), std::move(why), std::move(fix)});
  }

  /// Nothing where there is no such table, or it may not be used, which is noted.
  std::optional<ControlTable> read(const std::string& name, Severity severity, const std::string& why) {
    const std::string table = qualified(schema_, name);
    const auto found = read_control_table(transaction_, schema_, name);
    if (!found) {
      is_missing_ = true;
      add(severity, "table " + table + " does not exist", why, subject_.wanted.make_control_schema);
      return std::nullopt;
    }
    if (found->is_writable) return found;
    add(severity, "table " + table + " may not be read and written", why,
        "GRANT USAGE ON SCHEMA " + quoted_name(schema_) + " TO " + subject_.role +
            "; GRANT SELECT, INSERT, UPDATE ON " + table + " TO " + subject_.role);
    return std::nullopt;
  }

  pqxx::transaction_base& transaction_;
  const Subject& subject_;
  std::string schema_;
  core::Findings& findings_;
  bool is_missing_ = false;  ///< a table is not there
};

}  // namespace

void inspect_control_schema(pqxx::transaction_base& transaction, const Subject& subject,
                            core::Findings& findings) {
  if (!subject.wanted.settings.control_schema) return;
  ControlSchema schema{transaction, subject, findings};
  schema.inspect_watermarks();
  if (subject.wanted.settings.coordination == Coordination::lease) schema.inspect_lease();
  if (subject.marks()) schema.inspect_replays();
}

}  // namespace outbox_relay::postgres
