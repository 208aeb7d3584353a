#include "postgres/parked_rows.h"

#include <unistd.h>

#include <iostream>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/exit_code.h"
#include "cli/mapping.h"
#include "cli/outbox_choice.h"
#include "cli/parked_report.h"

namespace outbox_relay::cli {
namespace {

bool can_park(const config::Columns& columns) {
  return columns.parked_at && columns.attempts && columns.last_error;
}

/// How far a long release has come, on one line of a terminal that is gone at the end.
class ProgressLine {
 public:
  ~ProgressLine() {
    if (is_shown_) std::cerr << "\r\033[K" << std::flush;
  }
  void show(const postgres::ParkedCount& so_far) {
    if (!is_terminal_) return;
    is_shown_ = true;
    std::cerr << "\r\033[K" << so_far.refused << " refused rows, " << so_far.behind << " rows behind …"
              << std::flush;
  }

 private:
  bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool is_shown_ = false;
};

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
  const auto progress = [&line](const postgres::ParkedCount& so_far) { line.show(so_far); };
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
  const auto loaded = load_config(options.config_file);
  if (const auto* problems = std::get_if<std::string>(&loaded)) {
    std::cerr << *problems;
    return exit_configuration;
  }
  const auto& config = std::get<config::Config>(loaded);
  const config::Outbox* outbox = choose_outbox(config, options.config_file, options.outbox);
  if (outbox == nullptr) return exit_usage;
  if (!can_park(outbox->columns)) {
    std::cerr << "outbox-relay: the outbox `" << outbox->name << "` has no columns for parked rows\n"
              << "  hint: name `parked_at`, `attempts` and `last_error` in `columns`\n";
    return exit_configuration;
  }
  try {
    postgres::ParkedRows parked_rows(to_postgres_settings(config, *outbox));
    const postgres::ParkedSelection selection{options.ids, options.keys, options.reasons};
    return options.action == ParkedAction::list ? list(parked_rows, selection, options)
                                                : release(parked_rows, selection, options);
  } catch (const core::FailureError& error) {
    std::cerr << "outbox-relay: " << error.failure().message << '\n';
    if (!error.failure().hint.empty()) std::cerr << "  hint: " << error.failure().hint << '\n';
    return exit_unavailable;
  }
}

}  // namespace outbox_relay::cli
