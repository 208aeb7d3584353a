#include "kafka/partitioner.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cassert>
#include <string>

#include "core/failure.h"

namespace outbox_relay::kafka {
namespace {

using Function = std::int32_t(const rd_kafka_topic_t*, const void*, std::size_t, std::int32_t, void*, void*);

// The functions that only hash; librdkafka's `*_random` ones would look into a topic handle for a NULL key.
template <Function* function>
std::int32_t hash_with(std::string_view key, std::int32_t partitions) {
  return function(nullptr, key.data(), key.size(), partitions, nullptr, nullptr);
}

}  // namespace

const Partitioner::Kind Partitioner::kinds[] = {
    {"murmur2_random", &hash_with<rd_kafka_msg_partitioner_murmur2>, true},
    {"murmur2", &hash_with<rd_kafka_msg_partitioner_murmur2>, false},
    {"consistent_random", &hash_with<rd_kafka_msg_partitioner_consistent>, true},
    {"consistent", &hash_with<rd_kafka_msg_partitioner_consistent>, false},
    {"fnv1a_random", &hash_with<rd_kafka_msg_partitioner_fnv1a>, true},
    {"fnv1a", &hash_with<rd_kafka_msg_partitioner_fnv1a>, false},
    {"random", nullptr, true},
};

Partitioner::Partitioner(std::string_view name, Random random)
    : kind_(std::ranges::find(kinds, name, &Kind::name)), random_(std::move(random)) {
  if (kind_ == std::end(kinds)) {
    throw core::FailureError{{core::Reason::other, core::Remedy::operate,
                              "librdkafka has no such partitioner",
                              "see `partitioner` among `kafka.properties`"}};
  }
}

std::int32_t Partitioner::partition_of(const core::Value& key, std::int32_t partitions) {
  assert(partitions > 0);
  if (kind_->spreads_keyless && (!key || kind_->hash == nullptr)) return spread(partitions);
  return kind_->hash(key.value_or(std::string_view{}), partitions);
}

std::int32_t Partitioner::spread(std::int32_t partitions) {
  if (rows_left_ == 0) {
    draw_ = random_();
    rows_left_ = run_length;
  }
  --rows_left_;
  return std::min(static_cast<std::int32_t>(draw_ * partitions), partitions - 1);
}

}  // namespace outbox_relay::kafka
