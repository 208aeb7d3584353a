#include "postgres/parked_rows.h"

#include <iostream>
#include <vector>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/mapping.h"
#include "cli/outbox_command.h"
#include "cli/parked_report.h"
#include "cli/progress_line.h"
#include "cli/text_output.h"

namespace outbox_relay::cli {
namespace {

bool can_park(const config::Columns& columns) {
  return columns.parked_at && columns.attempts && columns.last_error;
}

int list(postgres::ParkedRows& parked_rows, const postgres::ParkedSelection& selection,
         const ParkedOptions& options) {
  std::vector<postgres::ParkedRow> rows;
  parked_rows.list(selection, [&rows](const postgres::ParkedRow& row) { rows.push_back(row); });
  if (options.output == Output::json) {
    std::cout << to_json(options.outbox, rows);
  } else {
    std::cout << to_table(rows);
    std::cerr << to_summary(rows);
  }
  return exit_done;
}

postgres::ParkedCount carry_out(postgres::ParkedRows& parked_rows, const postgres::ParkedSelection& selection,
                                const ParkedOptions& options) {
  if (options.dry_run) return parked_rows.count(selection);
  ProgressLine line;
  const auto progress = [&line](const postgres::ParkedCount& so_far) {
    line.show(number_of(so_far.refused, "refused row") + ", " + rows_of(so_far.behind) + " behind");
  };
  return options.action == ParkedAction::discard ? parked_rows.discard(selection, progress)
                                                 : parked_rows.requeue(selection, progress);
}

int release(postgres::ParkedRows& parked_rows, const postgres::ParkedSelection& selection,
            const ParkedOptions& options) {
  ReleaseReport report{options.outbox, options.action, options.dry_run, {}, {}};
  report.left_alone = parked_rows.find_not_refused(selection);  // afterwards nobody could tell
  report.count = carry_out(parked_rows, selection, options);
  std::cout << (options.output == Output::json ? to_json(report) : to_text(report));
  std::cerr << to_problems(report);
  return report.left_alone.empty() ? exit_done : exit_unavailable;
}

}  // namespace

int parked(const ParkedOptions& options) {
  return with_outbox(
      options.config_file, options.outbox, [&](const config::Config& config, const config::Outbox& outbox) {
        if (!can_park(outbox.columns)) {
          std::cerr << "outbox-relay: the outbox `" << outbox.name << "` has no columns for parked rows\n"
                    << "  hint: name `parked_at`, `attempts` and `last_error` in `columns`\n";
          return exit_configuration;
        }
        postgres::ParkedRows parked_rows(to_postgres_settings(config.postgres, outbox));
        const postgres::ParkedSelection selection{options.ids, options.keys, options.reasons};
        return options.action == ParkedAction::list ? list(parked_rows, selection, options)
                                                    : release(parked_rows, selection, options);
      });
}

}  // namespace outbox_relay::cli
