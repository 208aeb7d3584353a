#include "kafka/inspection.h"

#include <chrono>
#include <variant>

#include "core/failure.h"
#include "kafka/classify.h"
#include "kafka/producer.h"
#include "kafka/secrets.h"
#include "kafka/topic_acls.h"
#include "kafka/topic_limits.h"
#include "kafka/topic_lookup.h"

namespace outbox_relay::kafka {
namespace {

using core::Aspect;
using core::Finding;
using core::Severity;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto one_question = 1s;
constexpr auto all_questions = 10s;  ///< until the first answer
constexpr int no_event_fd = -1;

const char* const rows_wait = "rows wait in the table until it is mended";
const char* const rows_get_parked = "rows that go there wait for `topic_grace`, then they count as refused";

Aspect aspect_of(core::Reason reason) {
  return reason == core::Reason::authorization ? Aspect::kafka_acls : Aspect::kafka_connection;
}

class Inspector {
 public:
  explicit Inspector(const ProducerSettings& settings)
      : producer_(settings, no_event_fd), secrets_(settings.secrets) {}

  /// Whether a broker answered.
  bool reach(core::Findings& findings) {
    const auto until = Clock::now() + all_questions;
    std::optional<core::Failure> none;
    while (!has_answer(none)) {
      note_events();
      const bool is_hopeless = trouble_ && trouble_->remedy == core::Remedy::operate;
      if (!is_hopeless && Clock::now() < until) continue;
      const core::Failure& told = trouble_ ? *trouble_ : *none;
      findings.push_back({Severity::error, aspect_of(told.reason), told.message, rows_wait,
                          told.hint.empty()
                              ? "check `bootstrap.servers` and `security.protocol`, and that the brokers' "
                                "advertised.listeners can be reached from here"
                              : told.hint});
      return false;
    }
    return true;
  }

  void inspect_topic(const TopicUse& use, core::Findings& findings) {
    auto answer = look_up_topic(producer_, use.name, one_question * 5);
    if (const auto* none = std::get_if<NoAnswer>(&answer)) {
      findings.push_back(
          {Severity::error, Aspect::kafka_connection, none->failure.message, rows_wait, none->failure.hint});
    } else if (const auto* failure = std::get_if<core::Failure>(&answer)) {
      findings.push_back(missing_topic(use, *failure));
    } else {
      inspect_found(use, std::get<TopicFacts>(answer), findings);
    }
  }

  /// What the brokers refused meanwhile: a producer that may write to no topic at all gets no id.
  void inspect_producer(core::Findings& findings) {
    note_events();
    if (!trouble_ || trouble_->reason != core::Reason::authorization) return;
    findings.push_back({Severity::error, Aspect::kafka_acls, trouble_->message, rows_wait, trouble_->hint});
  }

 private:
  bool has_answer(std::optional<core::Failure>& failure) {
    const rd_kafka_metadata_t* raw = nullptr;
    const auto code = rd_kafka_metadata(producer_.client(), 0, nullptr, &raw,
                                        static_cast<int>(std::chrono::milliseconds{one_question}.count()));
    const MetadataHandle metadata{raw};
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    failure = classify(code, Origin::producer);
    return false;
  }

  /// Keeps the failure that says most: one that only a person can mend, or else the first.
  void note_events() {
    while (const EventHandle event = producer_.poll()) {
      if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_ERROR) continue;
      auto code = rd_kafka_event_error(event.get());
      std::string text = secrets_.out_of(rd_kafka_event_error_string(event.get()));
      if (code == RD_KAFKA_RESP_ERR__FATAL) code = rd_kafka_fatal_error(producer_.client(), nullptr, 0);
      core::Failure failure = classify(code, Origin::producer, text);
      const bool says_more =
          !trouble_ || (trouble_->remedy != core::Remedy::operate && failure.remedy == core::Remedy::operate);
      if (says_more) trouble_ = std::move(failure);
    }
  }

  static Finding missing_topic(const TopicUse& use, const core::Failure& failure) {
    const bool is_missing = failure.reason == core::Reason::missing;
    const Aspect aspect =
        failure.reason == core::Reason::authorization ? Aspect::kafka_acls : Aspect::kafka_topic;
    return {
        use.is_certain ? Severity::error : Severity::warning, aspect,
        is_missing ? "topic " + use.name + " does not exist" : "topic " + use.name + ": " + failure.message,
        use.is_certain ? rows_wait : rows_get_parked,
        is_missing ? "kafka-topics.sh --bootstrap-server BROKER --create --topic " + use.name +
                         " --partitions 6 --replication-factor 3 --config min.insync.replicas=2"
                   : failure.hint};
  }

  void inspect_found(const TopicUse& use, const TopicFacts& facts, core::Findings& findings) {
    if (may_write(producer_, use.name, one_question * 5) == false) {
      findings.push_back(
          {use.is_certain ? Severity::error : Severity::warning, Aspect::kafka_acls,
           "the relay's principal may not write to topic " + use.name, rows_wait,
           "kafka-acls.sh --bootstrap-server BROKER --add --allow-principal User:NAME --operation "
           "Write --operation Describe --operation DescribeConfigs --topic " +
               use.name});
    }
    auto answer = ask_topic_properties(producer_, use.name, facts.leader, one_question * 5);
    if (const auto* why = std::get_if<std::string>(&answer)) {
      findings.push_back(
          {Severity::warning, Aspect::kafka_acls,
           "the properties of topic " + use.name + " are not told: " + *why,
           "the relay takes its max.message.bytes to be the usual one, and learns from refusals",
           "kafka-acls.sh --bootstrap-server BROKER --add --allow-principal User:NAME --operation "
           "DescribeConfigs --topic " +
               use.name});
      return;
    }
    const auto& properties = std::get<TopicProperties>(answer);
    inspect_replicas(use, facts, properties, findings);
    inspect_record_size(use, properties, findings);
  }

  static void inspect_replicas(const TopicUse& use, const TopicFacts& facts,
                               const TopicProperties& properties, core::Findings& findings) {
    const int least = properties.min_in_sync.value_or(1);
    const auto add = [&](Severity severity, std::string what, std::string why, std::string fix) {
      findings.push_back({severity, Aspect::kafka_replicas, "topic " + use.name + ' ' + std::move(what),
                          std::move(why), std::move(fix)});
    };
    const std::string replicas = std::to_string(facts.fewest_replicas);
    const std::string set_least = "kafka-configs.sh --bootstrap-server BROKER --alter --topic " + use.name +
                                  " --add-config min.insync.replicas=";
    if (least > facts.fewest_replicas) {
      add(Severity::error, "has " + replicas + " replicas, and min.insync.replicas=" + std::to_string(least),
          "brokers before Kafka 4 never acknowledge a record then", set_least + replicas);
    } else if (facts.fewest_in_sync < least) {
      add(Severity::error,
          "has a partition with " + std::to_string(facts.fewest_in_sync) +
              " replicas in sync, and min.insync.replicas=" + std::to_string(least),
          "nothing is acknowledged there until enough of them are back",
          "bring back the brokers that hold the others");
    } else if (facts.fewest_replicas == 1) {
      add(Severity::warning, "has one replica", "records are gone with the disk of one broker",
          "kafka-reassign-partitions.sh, or create it anew with --replication-factor 3");
    } else if (least == 1) {
      add(Severity::warning, "has min.insync.replicas=1",
          "with all other replicas away, one broker alone acknowledges, and what it loses is lost although "
          "the rows are "
          "marked",
          set_least + "2");
    } else if (least == facts.fewest_replicas) {
      add(Severity::warning, "has " + replicas + " replicas, and min.insync.replicas is as many",
          "nothing is acknowledged while one broker is away", set_least + std::to_string(least - 1));
    }
  }

  static void inspect_record_size(const TopicUse& use, const TopicProperties& properties,
                                  core::Findings& findings) {
    if (!use.largest_row || !properties.largest_batch || *use.largest_row <= *properties.largest_batch)
      return;
    const std::string size = std::to_string(use.largest_row->count);
    findings.push_back(
        {Severity::warning, Aspect::kafka_record_size,
         "a pending row has " + size + " bytes, and topic " + use.name + " takes " +
             std::to_string(properties.largest_batch->count) + " (max.message.bytes, after compression)",
         "a row that is too large counts as refused",
         "kafka-configs.sh --bootstrap-server BROKER --alter --topic " + use.name +
             " --add-config max.message.bytes=" + std::to_string(use.largest_row->count * 5 / 4)});
  }

  Producer producer_;
  Secrets secrets_;
  std::optional<core::Failure> trouble_;
};

}  // namespace

Inspection inspect(const ProducerSettings& settings, std::span<const TopicUse> topics) {
  Inspection inspection;
  inspection.topics.resize(topics.size());
  try {
    Inspector inspector{settings};
    if (!inspector.reach(inspection.cluster)) return inspection;
    for (std::size_t at = 0; at < topics.size(); ++at)
      inspector.inspect_topic(topics[at], inspection.topics[at]);
    inspector.inspect_producer(inspection.cluster);
  } catch (const core::FailureError& error) {
    const core::Failure& failure = error.failure();
    inspection.cluster.push_back({Severity::error, Aspect::kafka_properties, failure.message,
                                  "no producer can be made", failure.hint});
  }
  return inspection;
}

}  // namespace outbox_relay::kafka
