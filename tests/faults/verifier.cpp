#include "verifier.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace outbox_relay::testing {
namespace {

/// How many culprits a finding names.
constexpr std::size_t named_culprits = 5;

/// The culprits of one check.
class Culprits {
 public:
  void add(std::string who) {
    if (++count_ <= named_culprits) names_ += (names_.empty() ? "" : "; ") + std::move(who);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  /// "3 missing (a; b; c)"
  [[nodiscard]] std::string told_as(const std::string& what) const {
    return std::to_string(count_) + ' ' + what + " (" + names_ + (count_ > named_culprits ? "; …" : "") + ')';
  }

 private:
  std::size_t count_ = 0;
  std::string names_;
};

std::string place(const std::string& topic, const ConsumedRecord& record) {
  return topic + '[' + std::to_string(record.partition) + "]@" + std::to_string(record.offset);
}

class Verification {
 public:
  Verification(const Facts& facts, const Allowance& allowance) : facts_{facts}, allowance_{allowance} {
    for (const LedgerEntry& entry : facts.ledger) ledger_.emplace(entry.message_id, &entry);
    if (allowance.server_crashed && allowance.published_before_durable) note_undone_messages();
  }

  Verdict run() {
    collect_dead_letters();
    note_absent_versions();
    for (const auto& [topic, records] : facts_.records) {
      if (topic == facts_.dead_letter_topic) continue;
      for (const ConsumedRecord& record : records) consume(topic, record);
    }
    check_ledger();
    check_rows();
    check_attempts();
    return conclude();
  }

 private:
  void consume(const std::string& topic, const ConsumedRecord& record) {
    ++counts_.records;
    if (record.headers.empty() || !record.headers[0].value) {
      altered_.add(place(topic, record) + " has no message id");
      return;
    }
    const std::string& id = *record.headers[0].value;
    const bool is_first = seen_.insert(id).second;
    const auto found = ledger_.find(id);
    if (found == ledger_.end()) {
      if (!undone_.contains(id)) phantoms_.add(id + " at " + place(topic, record));
      return;
    }
    const LedgerEntry& entry = *found->second;
    if (!is_first) ++counts_.duplicates;
    check_place(entry, topic, record);
    check_bytes(entry, topic, record);
    if (entry.key) check_order(entry, topic, record, is_first);
  }

  void note_undone_messages() {
    for (const Attempt& attempt : facts_.attempts) {
      if (attempt.is_durable || attempt.outcome == Outcome::failed) continue;
      undone_.insert(attempt.message_ids.begin(), attempt.message_ids.end());
    }
  }

  void collect_dead_letters() {
    const auto letters = facts_.records.find(facts_.dead_letter_topic);
    if (letters == facts_.records.end()) return;
    for (const ConsumedRecord& record : letters->second) consume_dead_letter(record);
    counts_.dead_letters = dead_letters_.size();
  }

  void consume_dead_letter(const ConsumedRecord& record) {
    const std::string& topic = facts_.dead_letter_topic;
    ++counts_.records;
    const std::string id = record.headers.empty() ? "" : record.headers[0].value.value_or("");
    const auto found = ledger_.find(id);
    if (found == ledger_.end()) return phantoms_.add(id + " at " + place(topic, record));
    if (!facts_.flawed.contains(id)) needlessly_parked_.add(id + " is a dead letter");
    if (!dead_letters_.insert(id).second) ++counts_.duplicates;
    seen_.insert(id);
    ConsumedRecord original = record;
    const auto added = std::ranges::find(original.headers, "dead-letter-reason", &Header::name);
    if (added == original.headers.end()) altered_.add("no reason with " + id + " at " + place(topic, record));
    original.headers.erase(added, original.headers.end());
    check_bytes(*found->second, topic, original);
  }

  /// What is discarded or a dead letter leaves a gap among its key's versions.
  void note_absent_versions() {
    for (const LedgerEntry& entry : facts_.ledger) {
      const bool is_absent =
          facts_.discarded.contains(entry.message_id) || dead_letters_.contains(entry.message_id);
      if (entry.key && is_absent) absent_versions_.emplace(entry.topic, *entry.key, entry.version);
    }
  }

  void check_place(const LedgerEntry& entry, const std::string& topic, const ConsumedRecord& record) {
    const auto partitions = facts_.partitions.find(topic);
    const bool is_placed = topic == entry.topic && partitions != facts_.partitions.end() &&
                           (!entry.key || record.partition == java_partition(*entry.key, partitions->second));
    if (!is_placed) misplaced_.add(entry.message_id + " at " + place(topic, record));
  }

  void check_bytes(const LedgerEntry& entry, const std::string& topic, const ConsumedRecord& record) {
    const auto differs = [&](const char* what) {
      altered_.add(std::string{what} + " of " + entry.message_id + " at " + place(topic, record));
    };
    if (record.key != entry.key) differs("key");
    if (digest_of(record.value) != entry.payload) differs("payload");
    if (digest_of(record.headers) != entry.headers) differs("headers");
  }

  void check_order(const LedgerEntry& entry, const std::string& topic, const ConsumedRecord& record,
                   bool is_first) {
    std::int64_t& largest = largest_version_[{topic, *entry.key}];
    std::int64_t next = largest + 1;
    while (absent_versions_.contains({topic, *entry.key, next})) ++next;
    if (is_first && entry.version != next) {
      inversions_.add(*entry.key + ':' + std::to_string(entry.version) + " after " + std::to_string(largest) +
                      " at " + place(topic, record));
    }
    if (!is_first && entry.version < largest) ++counts_.stale_replays;
    largest = std::max(largest, entry.version);
  }

  [[nodiscard]] bool is_accounted_for(const std::string& id) const {
    if (facts_.discarded.contains(id)) return true;
    const auto row = facts_.rows.find(id);
    return row != facts_.rows.end() && (row->second == RowState::parked || row->second == RowState::held);
  }

  void check_ledger() {
    counts_.ledger = facts_.ledger.size();
    for (const LedgerEntry& entry : facts_.ledger) {
      if (!seen_.contains(entry.message_id) && !is_accounted_for(entry.message_id)) {
        missing_.add(entry.message_id + " (" + entry.key.value_or("no key") + ':' +
                     std::to_string(entry.version) + ')');
      }
      if (!facts_.rows.contains(entry.message_id) && !allowance_.rows_may_be_gone &&
          !facts_.discarded.contains(entry.message_id)) {
        not_completed_.add(entry.message_id + " is gone");
      }
    }
  }

  void check_rows() {
    for (const auto& [id, state] : facts_.rows) {
      switch (state) {
        case RowState::pending:
          not_completed_.add(id + " is pending");
          break;
        case RowState::completed:
          if (!seen_.contains(id) && !facts_.discarded.contains(id)) unsent_.add(id);
          break;
        case RowState::parked:
          ++counts_.parked;
          if (!facts_.flawed.contains(id)) needlessly_parked_.add(id + " is parked");
          break;
        case RowState::held:
          ++counts_.parked;
          if (!is_behind_a_parked_row(id)) needlessly_parked_.add(id + " is held");
          break;
      }
    }
  }

  [[nodiscard]] bool is_behind_a_parked_row(const std::string& id) const {
    const auto held = ledger_.find(id);
    if (held == ledger_.end()) return false;
    return std::ranges::any_of(facts_.flawed, [&](const std::string& flawed) {
      const auto other = ledger_.find(flawed);
      const auto row = facts_.rows.find(flawed);
      return other != ledger_.end() && row != facts_.rows.end() && row->second == RowState::parked &&
             other->second->key == held->second->key && other->second->version < held->second->version;
    });
  }

  void check_attempts() {
    for (const Attempt& attempt : facts_.attempts) {
      for (const std::string& id : attempt.message_ids) {
        const bool is_there = ledger_.contains(id);
        const bool may_be_undone = allowance_.server_crashed && !attempt.is_durable;
        if (attempt.outcome == Outcome::committed && !is_there) {
          if (may_be_undone) {
            ++counts_.vanished;
          } else {
            lost_commits_.add(id);
          }
        }
        if (attempt.outcome == Outcome::failed && is_there) revived_rollbacks_.add(id);
      }
    }
  }

  Verdict conclude() {
    Verdict verdict;
    const auto judge = [&](const Culprits& culprits, std::size_t Counts::* count, const std::string& what) {
      counts_.*count = culprits.count();
      if (culprits.count() > 0) verdict.findings.push_back(culprits.told_as(what));
    };
    judge(missing_, &Counts::missing, "missing");
    judge(phantoms_, &Counts::phantoms, "phantoms");
    judge(inversions_, &Counts::inversions, "out of order");
    judge(altered_, &Counts::altered, "altered");
    judge(misplaced_, &Counts::misplaced, "misplaced");
    judge(not_completed_, &Counts::not_completed, "not completed");
    judge(unsent_, &Counts::unsent, "completed, but never consumed");
    judge(needlessly_parked_, &Counts::needlessly_parked, "parked without a reason");
    judge(lost_commits_, &Counts::lost_commits, "commits that the database lost");
    judge(revived_rollbacks_, &Counts::revived_rollbacks, "rollbacks that the database kept");
    const auto bound = [&](std::size_t count, std::size_t limit, const std::string& what) {
      if (count > limit) {
        verdict.findings.push_back(std::to_string(count) + ' ' + what + ", allowed " + std::to_string(limit));
      }
    };
    bound(counts_.duplicates, allowance_.duplicates, "duplicates");
    bound(counts_.stale_replays, allowance_.stale_replays, "stale replays");
    verdict.counts = counts_;
    return verdict;
  }

  const Facts& facts_;
  const Allowance& allowance_;
  std::unordered_map<std::string, const LedgerEntry*> ledger_;  ///< by message id
  std::set<std::string> seen_;
  std::set<std::string> dead_letters_;
  std::set<std::string> undone_;  ///< or not: what is in the ledger is judged as everything else
  std::set<std::tuple<std::string, std::string, std::int64_t>> absent_versions_;  ///< topic, key, version
  std::map<std::pair<std::string, std::string>, std::int64_t> largest_version_;   ///< by topic and key
  Counts counts_;
  Culprits missing_, phantoms_, inversions_, altered_, misplaced_, not_completed_, unsent_,
      needlessly_parked_, lost_commits_, revived_rollbacks_;
};

}  // namespace

Verdict verify(const Facts& facts, const Allowance& allowance) {
  return Verification{facts, allowance}.run();
}

std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t m = 0x5bd1e995;
  const auto byte = [&](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
  };
  std::uint32_t hash = 0x9747b28cU ^ static_cast<std::uint32_t>(bytes.size());
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t k = byte(at) | byte(at + 1) << 8U | byte(at + 2) << 16U | byte(at + 3) << 24U;
    k *= m;
    k ^= k >> 24U;
    hash = (hash * m) ^ (k * m);
  }
  const std::size_t rest = bytes.size() - at;
  if (rest >= 3) hash ^= byte(at + 2) << 16U;
  if (rest >= 2) hash ^= byte(at + 1) << 8U;
  if (rest >= 1) hash = (hash ^ byte(at)) * m;
  hash ^= hash >> 13U;
  hash *= m;
  return hash ^ hash >> 15U;
}

int java_partition(std::string_view key, int partitions) {
  return static_cast<int>(murmur2(key) & 0x7fffffffU) % partitions;
}

}  // namespace outbox_relay::testing
