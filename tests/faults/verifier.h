#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "facts.h"

namespace outbox_relay::testing {

/// What a run may do without breaking a promise. The default is a run without crash and rebuild.
struct Allowance {
  std::size_t duplicates = 0;
  std::size_t stale_replays = 0;
  /// Rows may leave the outbox: `completion: delete`, or the scenario truncated it.
  bool rows_may_be_gone = false;
  /// The server crashed: what was committed with `synchronous_commit=off` may be undone.
  bool server_crashed = false;
  /// `publish_after: visible`: what a crash undid may have come all the same.
  bool published_before_durable = false;
};

/// What the verifier counted. All but `ledger`, `records`, `duplicates`, `stale_replays`, `parked`,
/// `dead_letters` and `vanished` must be 0.
struct Counts {
  std::size_t ledger = 0;   ///< messages that had to come
  std::size_t records = 0;  ///< that came, repeats included

  std::size_t missing = 0;        ///< in the ledger, not consumed, not parked or discarded either
  std::size_t phantoms = 0;       ///< consumed, but not in the ledger: rolled back, or vanished
  std::size_t misplaced = 0;      ///< in another topic, or in another partition than Java's producers choose
  std::size_t inversions = 0;     ///< first occurrences of a key's versions that are not v, v+1, v+2 …
  std::size_t altered = 0;        ///< key, payload or headers are not what was written
  std::size_t duplicates = 0;     ///< a message id once more
  std::size_t stale_replays = 0;  ///< a version below the largest that the key has shown already
  std::size_t not_completed = 0;  ///< rows still pending, or gone where rows must stay
  std::size_t unsent = 0;         ///< completed without having been consumed
  std::size_t needlessly_parked = 0;  ///< or a dead letter, and neither flawed nor behind a row that is
  std::size_t parked = 0;
  std::size_t dead_letters = 0;
  std::size_t vanished = 0;      ///< commits without `synchronous_commit` that a crash undid, as it may
  std::size_t lost_commits = 0;  ///< committed as the writer saw it, not in the ledger: the database's loss
  std::size_t revived_rollbacks = 0;  ///< failed as the writer saw it, and in the ledger all the same
};

struct Verdict {
  Counts counts;
  /// One line for each broken promise, with the first few culprits. Empty: all promises were kept.
  std::vector<std::string> findings;
};

/// Compares what was written with what was consumed and with what the outbox says. Pure.
[[nodiscard]] Verdict verify(const Facts& facts, const Allowance& allowance);

/// The partition that Java's producers choose for a key. Written down from Kafka's own code
/// (`Utils.murmur2`), so that the relay is not judged by the library that it uses.
[[nodiscard]] int java_partition(std::string_view key, int partitions);
[[nodiscard]] std::uint32_t murmur2(std::string_view bytes);

}  // namespace outbox_relay::testing
