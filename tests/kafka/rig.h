#pragma once

#include <string>
#include <utility>

#include "harness.h"
#include "mock_cluster.h"

namespace outbox_relay::kafka::testing {

/// A mock cluster with one topic, and a sink for which it is open.
struct Rig {
  MockCluster cluster;
  Harness harness;

  explicit Rig(Harness::Properties properties = {}) : harness(make_topic(), {}, std::move(properties)) {
    harness.open_topic("topic");
  }

 private:
  std::string make_topic() {
    cluster.create_topic("topic");
    return cluster.bootstrap();
  }
};

}  // namespace outbox_relay::kafka::testing
