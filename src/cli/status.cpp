#include <algorithm>
#include <iostream>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/mapping.h"
#include "cli/outbox_command.h"
#include "cli/status_report.h"

namespace outbox_relay::cli {

int status(const StatusOptions& options) {
  return with_config(options.config_file, [&](const config::Config& config) {
    std::vector<OutboxReport> reports;
    for (const config::Outbox& outbox : config.outboxes) {
      reports.push_back({outbox.name, config::to_text(outbox.table),
                         postgres::read_status(to_postgres_settings(config.postgres, outbox))});
    }
    std::cout << (options.output == Output::json ? to_json(reports) : to_table(reports));
    std::cerr << to_problems(reports);
    const bool is_complete =
        std::ranges::none_of(reports, [](const auto& report) { return report.status.problem.has_value(); });
    return is_complete ? exit_done : exit_unavailable;
  });
}

}  // namespace outbox_relay::cli
