#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <iostream>
#include <thread>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/mapping.h"
#include "cli/outbox_command.h"
#include "cli/progress_line.h"
#include "cli/text_output.h"
#include "postgres/replay_requests.h"

namespace outbox_relay::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using postgres::Replay;
using postgres::ReplayState;

postgres::ReplayBounds to_bounds(const ReplayOptions& options) {
  if (is_time(options.from) && is_time(options.to)) return postgres::TimeBounds{options.from, options.to};
  return postgres::IdBounds{options.from, options.to};
}

std::string to_text(const Replay& replay) {
  std::string text = "replay " + std::to_string(replay.id) + " " + postgres::to_text(replay.state) + ": " +
                     rows_of(replay.replayed_rows) + " of " + std::to_string(replay.wanted_rows) +
                     " published once more";
  if (replay.refused_rows > 0) text += ", " + rows_of(replay.refused_rows) + " refused";
  return text;
}

std::string to_json(const std::string& outbox, const Replay& replay) {
  return json::serialize(json::object{{"outbox", outbox},
                                      {"replay", replay.id},
                                      {"state", postgres::to_text(replay.state)},
                                      {"wanted_rows", replay.wanted_rows},
                                      {"replayed_rows", replay.replayed_rows},
                                      {"refused_rows", replay.refused_rows},
                                      {"last_error", or_null(replay.last_error)}}) +
         '\n';
}

/// Follows a replay to its end. What a relay does in another process can only be asked for now and then.
Replay follow(postgres::ReplayRequests& requests, std::int64_t id) {
  constexpr auto interval = 500ms;
  constexpr auto patience = 30s;
  ProgressLine line;
  bool has_warned = false;
  auto held_at = std::chrono::steady_clock::now();
  for (;;) {
    const Replay replay = requests.read(id);
    if (replay.has_ended()) return replay;
    line.show(to_text(replay));
    const auto now = std::chrono::steady_clock::now();
    if (replay.is_held) held_at = now;
    if (!has_warned && now - held_at > patience) {
      std::cerr
          << "outbox-relay: no relay works on replay " << id << " so far\n"
          << "  hint: does one lead the outbox (outbox-relay status), of a version that knows replays?\n";
      has_warned = true;
    }
    std::this_thread::sleep_for(interval);
  }
}

int report(const ReplayOptions& options, const Replay& replay) {
  std::cout << (options.output == Output::json ? to_json(options.outbox, replay) : to_text(replay) + '\n');
  if (replay.last_error) std::cerr << "outbox-relay: " << printable(*replay.last_error) << '\n';
  if (options.cancel) return exit_done;
  return replay.state == ReplayState::done && replay.refused_rows == 0 ? exit_done : exit_unexpected;
}

postgres::SentRows find(postgres::ReplayRequests& requests, const ReplayOptions& options) {
  ProgressLine line;
  return requests.find(to_bounds(options), [&line](std::size_t rows, const std::string& up_to) {
    line.show(rows_of(rows) + " found, up to id " + printable(up_to));
  });
}

int request(postgres::ReplayRequests& requests, const ReplayOptions& options) {
  const auto rows = find(requests, options);
  if (options.dry_run || rows.rows == 0) {
    if (options.output == Output::json) {
      std::cout << json::serialize(json::object{
                       {"outbox", options.outbox}, {"dry_run", options.dry_run}, {"wanted_rows", rows.rows}})
                << '\n';
    } else {
      std::cout << (rows.rows == 0 ? "no sent row to replay" : "would replay " + rows_of(rows.rows)) << '\n';
    }
    return exit_done;
  }
  const auto id = requests.request(rows, options.rows_per_second);
  std::cerr << "replay " << id << " of " << rows_of(rows.rows)
            << " is requested; the relay goes on with it when this command is interrupted\n";
  return report(options, follow(requests, id));
}

}  // namespace

int replay(const ReplayOptions& options) {
  return with_outbox(options.config_file, options.outbox,
                     [&](const config::Config& config, const config::Outbox& outbox) {
                       if (outbox.completion != config::Completion::mark) {
                         std::cerr << "outbox-relay: the outbox `" << outbox.name
                                   << "` has `completion: delete`: there are no sent rows to replay\n";
                         return exit_configuration;
                       }
                       postgres::ReplayRequests requests(to_postgres_settings(config.postgres, outbox));
                       if (options.cancel) requests.cancel(*options.cancel);
                       if (const auto id = options.cancel ? options.cancel : options.watch)
                         return report(options, follow(requests, *id));
                       return request(requests, options);
                     });
}

}  // namespace outbox_relay::cli
