#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "support/kafka_server.h"

// What is known about one run when it is over, from three sources that do not know each other: the writers,
// the database, and Kafka. The verifier compares them.
namespace outbox_relay::testing {

/// 64-bit FNV-1a. Payloads are compared by length and hash; nothing here resists an attacker.
[[nodiscard]] constexpr std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211U;
  }
  return hash;
}
/// As one text, NULL and empty kept apart: "null", "0:cbf29ce484222325".
[[nodiscard]] std::string digest_of(const std::optional<std::string>& bytes);
/// Names and values with their lengths in front, so that no two lists look alike.
[[nodiscard]] std::string digest_of(const std::vector<Header>& headers);

/// A row of the table `ledger`, which is written in the transaction that writes the outbox row: it is there
/// if, and only if, the message has to come.
struct LedgerEntry {
  std::string message_id;
  std::string topic;
  std::optional<std::string> key;
  std::int64_t version = 0;  ///< of the key, from 1 on without gaps; 0 without a key
  std::string payload;       ///< its digest
  std::string headers;       ///< the digest of all headers that the record must have
};

/// What became of a transaction, as its writer saw it.
enum class Outcome : std::uint8_t {
  committed,
  failed,
  unknown,  ///< the connection was lost while it committed
};

struct Attempt {
  Outcome outcome = Outcome::failed;
  bool is_durable = true;  ///< false: committed with `synchronous_commit=off`, so a crash may undo it
  std::vector<std::string> message_ids;
};

/// A row of the outbox when all is over. A row that is gone is simply not there.
enum class RowState : std::uint8_t {
  pending,
  completed,
  parked,  ///< refused itself
  held,    ///< parked behind another one
};

struct Facts {
  std::vector<Attempt> attempts;
  std::vector<LedgerEntry> ledger;
  std::map<std::string, RowState> rows;                        ///< by message id
  std::map<std::string, std::vector<ConsumedRecord>> records;  ///< by topic; a partition's in their order
  std::map<std::string, int> partitions;                       ///< of each topic
  /// Kafka never takes these as they are: they alone may be parked, and what is behind them.
  std::set<std::string> flawed;
  /// Completed without being published, on purpose.
  std::set<std::string> discarded;
  /// Where flawed rows go instead, if they do.
  std::string dead_letter_topic;
};

}  // namespace outbox_relay::testing
