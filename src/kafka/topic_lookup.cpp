#include "kafka/topic_lookup.h"

#include <algorithm>
#include <span>

#include "kafka/classify.h"
#include "kafka/producer.h"

namespace outbox_relay::kafka {
namespace {

std::variant<TopicFacts, core::Failure, NoAnswer> judge(const rd_kafka_metadata_topic_t& topic) {
  if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) return classify(topic.err, Origin::topic);
  const std::span partitions{topic.partitions, static_cast<std::size_t>(topic.partition_cnt)};
  const bool has_leaders = std::ranges::all_of(partitions, [](const auto& p) { return p.leader >= 0; });
  if (partitions.empty() || !has_leaders) {
    return classify(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, Origin::topic);
  }
  return TopicFacts{
      .partitions = topic.partition_cnt,
      .leader = partitions.front().leader,
      .fewest_replicas =
          std::ranges::min(partitions, {}, &rd_kafka_metadata_partition_t::replica_cnt).replica_cnt,
      .fewest_in_sync = std::ranges::min(partitions, {}, &rd_kafka_metadata_partition_t::isr_cnt).isr_cnt};
}

}  // namespace

std::variant<TopicFacts, core::Failure, NoAnswer> look_up_topic(const Producer& producer,
                                                                const std::string& name,
                                                                std::chrono::milliseconds timeout) {
  const TopicHandle topic = producer.make_topic(name);
  const rd_kafka_metadata_t* raw = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(producer.client(), 0, topic.get(), &raw, static_cast<int>(timeout.count()));
  const MetadataHandle metadata{raw};
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR || metadata->topic_cnt != 1) {
    return NoAnswer{classify(code, Origin::producer), code == RD_KAFKA_RESP_ERR__TIMED_OUT};
  }
  return judge(metadata->topics[0]);
}

}  // namespace outbox_relay::kafka
