#include "postgres/baseline.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/mapping.h"
#include "cli/outbox_command.h"
#include "cli/progress_line.h"
#include "cli/text_output.h"

namespace outbox_relay::cli {
namespace {

namespace json = boost::json;

postgres::Before to_before(const std::string& text) {
  if (is_time(text)) return postgres::BeforeTime{text};
  return postgres::BeforeId{text};
}

std::string to_text(const BaselineOptions& options, const postgres::BaselineCount& count) {
  std::string text = "nothing to mark";
  if (count.marked > 0)
    text = (options.dry_run ? "would mark " : "marked ") + rows_of(count.marked) + " as sent";
  if (count.parked > 0)
    text += ", " + rows_of(count.parked) + (count.parked == 1 ? " is" : " are") + " parked and left alone";
  return text + '\n';
}

std::string to_json(const BaselineOptions& options, const postgres::BaselineCount& count) {
  return json::serialize(json::object{{"outbox", options.outbox},
                                      {"dry_run", options.dry_run},
                                      {"before", options.before},
                                      {"marked_rows", count.marked},
                                      {"parked_rows", count.parked}}) +
         '\n';
}

postgres::BaselineCount carry_out(postgres::Baseline& baseline, bool is_dry_run) {
  ProgressLine line;
  const auto progress = [&](const postgres::BaselineCount& so_far) {
    line.show(rows_of(so_far.marked) + (is_dry_run ? " to be marked" : " marked") + ", up to id " +
              printable(so_far.up_to));
  };
  return is_dry_run ? baseline.count(progress) : baseline.mark(progress);
}

}  // namespace

int baseline(const BaselineOptions& options) {
  return with_outbox(
      options.config_file, options.outbox, [&](const config::Config& config, const config::Outbox& outbox) {
        if (outbox.completion != config::Completion::mark) {
          std::cerr << "outbox-relay: the outbox `" << outbox.name
                    << "` has `completion: delete`: no row of it "
                    << "is ever marked as sent\n  hint: delete the history of the table instead\n";
          return exit_configuration;
        }
        postgres::Baseline work(to_postgres_settings(config.postgres, outbox), to_before(options.before),
                                options.beside_relay);
        const auto count = carry_out(work, options.dry_run);
        std::cout << (options.output == Output::json ? to_json(options, count) : to_text(options, count));
        return exit_done;
      });
}

}  // namespace outbox_relay::cli
