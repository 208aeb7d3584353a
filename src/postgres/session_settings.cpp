#include "postgres/session_settings.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace outbox_relay::postgres {

using namespace std::chrono_literals;

std::string session_settings_sql(const ServerSettings& settings) {
  const auto milliseconds = [](std::chrono::milliseconds duration) {
    return std::to_string(duration.count());
  };
  const auto user_timeout = milliseconds(settings.connect_timeout);
  const auto idle = std::to_string(std::chrono::ceil<std::chrono::seconds>(settings.connect_timeout).count());
  const std::pair<std::string_view, std::string> settings_of_session[] = {
      {"search_path", ""},
      {"row_security", "off"},  // an error instead of rows that are silently missing
      {"statement_timeout", milliseconds(settings.statement_timeout)},
      {"lock_timeout", milliseconds(std::min<std::chrono::milliseconds>(settings.statement_timeout / 2, 5s))},
      {"idle_in_transaction_session_timeout", milliseconds(settings.statement_timeout)},
      {"tcp_keepalives_idle", idle},
      {"tcp_keepalives_interval", "2"},
      {"tcp_keepalives_count", "3"},
      {"tcp_user_timeout", user_timeout},
      {"default_transaction_isolation", "read committed"},
      {"TimeZone", "UTC"},
      {"DateStyle", "ISO"},
      // One plan whatever the statistics say: taken while the outbox was empty, they turn a spike into
      // sequential scans.
      {"plan_cache_mode", "force_generic_plan"},
      {"enable_seqscan", "off"},
      {"enable_bitmapscan", "off"},
      {"enable_sort", "off"},
      {"enable_hashjoin", "off"},
      {"enable_mergejoin", "off"},
      {"enable_material", "off"},
      {"max_parallel_workers_per_gather", "0"},
      {"jit", "off"},
      // Large values pass through a window; beyond this they would go by way of temporary files.
      {"work_mem", "32MB"},
  };
  std::string sql;
  for (const auto& [name, value] : settings_of_session) {
    sql += sql.empty() ? "SELECT " : ", ";
    sql += "pg_catalog.set_config('" + std::string{name} + "', '" + value + "', false)";
  }
  return sql;
}

}  // namespace outbox_relay::postgres
