#include "postgres/leader.h"

#include "postgres/other_relay.h"
#include "postgres/pqxx_adapter.h"

namespace outbox_relay::postgres {
namespace {

std::string to_text(const LockHolder& holder) {
  std::string text = "pid " + std::to_string(holder.pid);
  if (holder.application_name) text += ", " + *holder.application_name;
  if (holder.client_address) text += " at " + *holder.client_address;
  return text;
}

std::string to_text(const LeaseHolder& holder) {
  return "lease of " + holder.name;
}

std::optional<Leader> find_lock_holder(pqxx::transaction_base& transaction, const TableSettings& table) {
  const auto found = execute(transaction,
                             "SELECT a.pid, a.application_name, host(a.client_addr) FROM (SELECT l.pid" +
                                 std::string{lock_holders_sql} +
                                 ") holder JOIN pg_catalog.pg_stat_activity a ON a.pid = holder.pid",
                             {table.schema, table.name, std::to_string(lock_class)});
  if (found.empty()) return std::nullopt;
  return LockHolder{found[0][0].as<std::int32_t>(), optional_text(found[0][1]), optional_text(found[0][2])};
}

bool can_read_leases(pqxx::transaction_base& transaction, const Settings& settings) {
  if (!settings.control_schema) return false;
  const auto leases = read_control_table(transaction, *settings.control_schema, "lease");
  return leases && leases->is_readable;
}

std::optional<Leader> find_lease_holder(pqxx::transaction_base& transaction, const Settings& settings) {
  const auto found = execute(transaction,
                             "SELECT l.holder, extract(epoch FROM l.expires_at - clock_timestamp())" +
                                 lease_holder_sql(*settings.control_schema),
                             {settings.table.schema, settings.table.name});
  if (found.empty()) return std::nullopt;
  return LeaseHolder{found[0][0].as<std::string>(), found[0][1].as<double>()};
}

}  // namespace

std::string to_text(const Leader& leader) {
  return std::visit([](const auto& holder) { return to_text(holder); }, leader);
}

// A relay with other settings than these may lead, so both are looked for.
SeenLeader find_leader(pqxx::transaction_base& transaction, const Settings& settings) {
  if (auto holder = find_lock_holder(transaction, settings.table)) return {std::move(holder), true};
  const bool can_read = can_read_leases(transaction, settings);
  if (can_read) {
    if (auto holder = find_lease_holder(transaction, settings)) return {std::move(holder), true};
  }
  switch (settings.coordination) {
    case Coordination::advisory_lock:
      return {std::nullopt, true};
    case Coordination::lease:
      return {std::nullopt, can_read};
    case Coordination::none:
      break;
  }
  return {std::nullopt, false};
}

}  // namespace outbox_relay::postgres
