#include "postgres/session_settings.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "postgres/connection_options.h"

namespace outbox_relay::postgres {
namespace {

using namespace std::chrono_literals;
using Setting = std::pair<std::string_view, std::string>;

constexpr int version_14 = 140000;
constexpr int version_17 = 170000;

std::string milliseconds(std::chrono::milliseconds duration) {
  return std::to_string(duration.count());
}

std::vector<Setting> common_settings(std::chrono::milliseconds statement_timeout) {
  return {
      {"search_path", ""},
      {"row_security", "off"},  // an error instead of rows that are silently missing
      {"statement_timeout", milliseconds(statement_timeout)},
      {"lock_timeout", milliseconds(std::min<std::chrono::milliseconds>(statement_timeout / 2, 5s))},
      {"TimeZone", "UTC"},
      {"DateStyle", "ISO"},
      {"enable_seqscan", "off"},
      {"enable_bitmapscan", "off"},
      {"max_parallel_workers_per_gather", "0"},
      {"jit", "off"},
  };
}

std::vector<Setting> settings_of_data_path(const ServerSettings& settings, const SessionUse& use) {
  std::vector<Setting> all{
      {"idle_in_transaction_session_timeout", milliseconds(settings.statement_timeout)},
      // One plan whatever the statistics say: taken while the outbox was empty, they turn a spike into
      // sequential scans.
      {"plan_cache_mode", "force_generic_plan"},
      {"enable_sort", "off"},
      {"enable_hashjoin", "off"},
      {"enable_mergejoin", "off"},
      {"enable_material", "off"},
      // Large values pass through a window; beyond this they would go by way of temporary files.
      {"work_mem", "32MB"},
  };
  // While the table looks small, a walk over its index would seem cheaper than going to the places, and the
  // plan would stay when the table has grown. Much less than what disabling a plan costs (1e10), so that it
  // never makes a sequential scan look better.
  if (use.completes_rows) all.emplace_back("cpu_index_tuple_cost", "1000");
  return all;
}

std::string set_config_calls(const std::vector<Setting>& settings, bool is_local) {
  std::string calls;
  for (const auto& [name, value] : settings) {
    calls += (calls.empty() ? "" : ", ") + ("pg_catalog.set_config('" + std::string{name}) + "', '" + value +
             (is_local ? "', true)" : "', false)");
  }
  return calls;
}

/// What concerns the connection, which is the pooler's own where one stands between.
std::vector<Setting> settings_of_connection(const ServerSettings& settings, const SessionUse& use,
                                            int server_version) {
  if (!use.ends_after_silence) {
    return {{"default_transaction_isolation", "read committed"},
            {"tcp_keepalives_idle", whole_seconds(settings.connect_timeout)},
            {"tcp_keepalives_interval", "2"},
            {"tcp_keepalives_count", "3"},
            {"tcp_user_timeout", milliseconds(settings.connect_timeout)}};
  }
  const auto silence = *use.ends_after_silence;
  // Three probes, the last at the end of the silence: a dead host, or one behind a cut line, is gone then.
  std::vector<Setting> all{{"default_transaction_isolation", "read committed"},
                           {"tcp_keepalives_idle", whole_seconds(silence * 2 / 5)},
                           {"tcp_keepalives_interval", whole_seconds(silence / 5)},
                           {"tcp_keepalives_count", "3"},
                           {"tcp_user_timeout", milliseconds(silence)}};
  if (server_version >= version_14) {
    all.emplace_back("idle_session_timeout", milliseconds(silence));
  }
  // A process that is paused in the middle of sending a batch is neither idle nor in a statement.
  if (server_version >= version_17) {
    all.emplace_back("transaction_timeout", milliseconds(settings.statement_timeout + 5s));
  }
  return all;
}

}  // namespace

std::string common_settings_sql(std::chrono::milliseconds statement_timeout, bool is_local) {
  return set_config_calls(common_settings(statement_timeout), is_local);
}

std::string session_settings_sql(const ServerSettings& settings, const SessionUse& use, int server_version) {
  auto more = settings_of_data_path(settings, use);
  if (!use.is_pooled) {
    const auto of_connection = settings_of_connection(settings, use, server_version);
    more.insert(more.end(), of_connection.begin(), of_connection.end());
  }
  std::string sql =
      "SELECT pg_catalog.pg_backend_pid(), extract(epoch FROM "
      "pg_catalog.pg_postmaster_start_time())::text, " +
      common_settings_sql(settings.statement_timeout, use.is_pooled) + ", " +
      set_config_calls(more, use.is_pooled);
  // A closed connection is noticed while a statement runs, too; not every system can do that, and refuses it.
  if (use.ends_after_silence && server_version >= version_14) {
    sql +=
        ", CASE WHEN pg_catalog.version() LIKE '%linux%' THEN"
        " pg_catalog.set_config('client_connection_check_interval', '1000', false) END";
  }
  return sql;
}

}  // namespace outbox_relay::postgres
