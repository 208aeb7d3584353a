#include "cli/server_check.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cli/mapping.h"
#include "core/failure.h"
#include "kafka/inspection.h"
#include "postgres/inspection.h"

namespace outbox_relay::cli {
namespace {

using core::Aspect;

/// Whether the server is what a finding is about, so that it is the same for each outbox.
bool is_about_server(Aspect aspect) {
  return aspect == Aspect::postgres_connection || aspect == Aspect::postgres_version ||
         aspect == Aspect::postgres_primary || aspect == Aspect::postgres_pooler;
}

core::Finding unreadable_secret(const core::Failure& failure) {
  return {core::Severity::error, Aspect::secrets, failure.message, "the relay cannot log in without it",
          failure.hint};
}

postgres::InspectionSettings to_inspection(const config::Config& config, const config::Outbox& outbox,
                                           const std::string& config_file) {
  const std::string of_outbox = " -c " + config_file + " --outbox " + outbox.name;
  const bool is_seen = outbox.coordination != config::Coordination::none;
  return {
      .settings = to_postgres_settings(config.postgres, outbox),
      .columns = to_routing(outbox).columns,
      .deletes_sent_rows = outbox.keep_sent.count() > 0,
      .make_role = "outbox-relay sql role" + of_outbox,
      .make_control_schema =
          "outbox-relay sql control" + of_outbox + " | psql; outbox-relay sql role" + of_outbox + " | psql",
      .make_trigger = "outbox-relay sql notify" + of_outbox + " | psql",
      .mark_history = "outbox-relay baseline" + of_outbox + (is_seen ? "" : " --beside-relay") + " --before"};
}

/// The topics that are known without a row.
std::vector<kafka::TopicUse> topics_of(const config::Outbox& outbox, std::optional<core::Bytes> largest_row) {
  std::vector<kafka::TopicUse> topics;
  if (outbox.topic.is_constant()) {
    topics.push_back({std::string(outbox.topic.literal_prefix()), true, largest_row});
  } else {
    for (const std::string& topic : outbox.allowed_topics) {
      if (!topic.ends_with('*')) topics.push_back({topic, false, largest_row});
    }
  }
  if (outbox.dead_letter_topic) topics.push_back({*outbox.dead_letter_topic, true, largest_row});
  return topics;
}

class ServerCheck {
 public:
  ServerCheck(const config::Config& config, const std::string& config_file)
      : config_(config), config_file_(config_file), largest_rows_(config.outboxes.size()) {}

  std::vector<CheckFinding> run() {
    check_postgres();
    check_kafka();
    return std::move(findings_);
  }

 private:
  void check_postgres() {
    for (std::size_t at = 0; at < config_.outboxes.size() && is_postgres_reached_; ++at) {
      const config::Outbox& outbox = config_.outboxes[at];
      const auto wanted = to_inspection(config_, outbox, config_file_);
      try {
        wanted.settings.server.password();
      } catch (const core::FailureError& error) {
        add("", unreadable_secret(error.failure()));
        return;
      }
      auto inspection = postgres::inspect(wanted);
      for (auto& finding : inspection.findings) add(outbox.name, std::move(finding));
      largest_rows_[at] = inspection.largest_pending;
    }
  }

  void check_kafka() {
    std::vector<kafka::TopicUse> topics;
    std::vector<std::string> outboxes;  // of the topics
    for (std::size_t at = 0; at < config_.outboxes.size(); ++at) {
      for (auto& topic : topics_of(config_.outboxes[at], largest_rows_[at])) {
        topics.push_back(std::move(topic));
        outboxes.push_back(config_.outboxes[at].name);
      }
    }
    try {
      const auto settings =
          kafka::with_present_secrets(to_producer_settings(config_.kafka, config_.outboxes.front()));
      auto inspection = kafka::inspect(settings, topics);
      for (auto& finding : inspection.cluster) add("", std::move(finding));
      for (std::size_t at = 0; at < topics.size(); ++at) {
        for (auto& finding : inspection.topics[at]) add(outboxes[at], std::move(finding));
      }
    } catch (const core::FailureError& error) {
      add("", unreadable_secret(error.failure()));
    }
  }

  void add(const std::string& outbox, core::Finding finding) {
    const Aspect aspect = finding.aspect;
    if (aspect == Aspect::postgres_connection) is_postgres_reached_ = false;
    if (is_about_server(aspect)) {
      const bool is_known = std::ranges::any_of(findings_, [&](const CheckFinding& other) {
        return other.finding.aspect == aspect && other.finding.what == finding.what;
      });
      if (!is_known) findings_.push_back({"", std::move(finding)});
    } else {
      findings_.push_back({outbox, std::move(finding)});
    }
  }

  const config::Config& config_;
  const std::string& config_file_;
  std::vector<CheckFinding> findings_;
  std::vector<std::optional<core::Bytes>> largest_rows_;  ///< of each outbox, as far as they are known
  bool is_postgres_reached_ = true;
};

}  // namespace

std::vector<CheckFinding> check_servers(const config::Config& config, const std::string& config_file) {
  return ServerCheck{config, config_file}.run();
}

}  // namespace outbox_relay::cli
