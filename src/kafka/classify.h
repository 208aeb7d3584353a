#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

#include "core/failure.h"

namespace outbox_relay::kafka {

/// Where an error code was met. One code can mean two things: a record that `produce` itself finds too large
/// is too large alone, while a broker that says so means the whole request.
enum class Origin {
  produce,   ///< returned at once, about this record
  delivery,  ///< a delivery report: the request's error, which all of its records carry
  probe,     ///< a delivery report about a record that was alone in its request: final, if it has a reason
  topic,     ///< the answer to a look-up
  producer,  ///< an event of the client: its connections, its fatal end
};

/// What an error code of librdkafka's or a broker's means, and what is to be done about it: the one place
/// that knows.
///
/// `detail` is librdkafka's own text about the occasion, or empty; it holds addresses, never keys, payloads
/// or secrets (`Secrets` takes those out).
[[nodiscard]] core::Failure classify(rd_kafka_resp_err_t code, Origin origin, std::string_view detail = {});

}  // namespace outbox_relay::kafka
