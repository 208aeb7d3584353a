#include "workload.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <utility>

#include "sql_session.h"

namespace outbox_relay::testing {
namespace {

// The key's row is locked before the outbox row draws its id: the UPDATE is carried out when its version is
// asked for.
constexpr const char* insert_with_key = R"(
  WITH next AS (UPDATE keys SET version = version + 1 WHERE key = $2 RETURNING version),
  outbox_row AS (
    INSERT INTO outbox (message_id, aggregatetype, aggregateid, type, payload, headers)
    SELECT $1::uuid, $3, $2, 'Created', $4::bytea, $5::json FROM next)
  INSERT INTO ledger (message_id, topic, key, version, payload, headers)
  SELECT $1::uuid, $6, $2, next.version, $7, $8 FROM next)";

constexpr const char* insert_without_key = R"(
  WITH outbox_row AS (
    INSERT INTO outbox (message_id, aggregatetype, aggregateid, type, payload, headers)
    VALUES ($1::uuid, $3, $2, 'Created', $4::bytea, $5::json))
  INSERT INTO ledger (message_id, topic, key, version, payload, headers)
  VALUES ($1::uuid, $6, $2, 0, $7, $8))";

std::string slow_key_name(int writer) {
  return "slow-" + std::string{Workload::canary} + '-' + std::to_string(writer);
}

std::string random_uuid(Dice& dice) {
  std::array<char, 37> text{};
  const auto high = dice.number();
  const auto low = dice.number();
  std::snprintf(text.data(), text.size(), "%08x-%04x-4%03x-8%03x-%012llx", static_cast<unsigned>(high >> 32U),
                static_cast<unsigned>(high >> 16U & 0xffffU), static_cast<unsigned>(high & 0xfffU),
                static_cast<unsigned>(low >> 48U & 0xfffU),
                static_cast<unsigned long long>(low & 0xffffffffffffU));
  return text.data();
}

/// Any bytes: NUL and what is no UTF-8 included.
std::string random_bytes(Dice& dice, int size) {
  std::string bytes{Workload::canary};
  while (bytes.size() < static_cast<std::size_t>(size)) {
    const auto number = dice.number();
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  return bytes;
}

}  // namespace

std::string Workload::key(int number) {
  return number == 0 ? "" : "key-" + std::string{canary} + '-' + std::to_string(number);
}

std::string Workload::tables_sql(const Options& options) {
  std::string sql =
      "CREATE TABLE keys (key text PRIMARY KEY, version bigint NOT NULL DEFAULT 0);"
      "CREATE TABLE ledger (message_id uuid PRIMARY KEY, topic text NOT NULL, key text, version bigint NOT "
      "NULL, "
      "payload text NOT NULL, headers text NOT NULL);"
      "INSERT INTO keys (key) VALUES ('')";
  for (int key = 1; key <= options.keys; ++key) sql += ", ('" + Workload::key(key) + "')";
  for (int writer = 0; writer < options.writers; ++writer) sql += ", ('" + slow_key_name(writer) + "')";
  if (options.has_odd_headers) sql += "; ALTER TABLE outbox ALTER headers TYPE json USING headers::json";
  return sql;
}

/// One writer, on its thread.
class Workload::Writer {
 public:
  Writer(Workload& workload, int number, std::uint64_t seed)
      : workload_{workload}, options_{workload.options_}, number_{number}, dice_{seed} {}

  /// In one transaction.
  std::vector<std::string> insert(const std::string& key, Flaw flaw, int rows) {
    Attempt attempt;
    attempt.outcome = Outcome::unknown;
    if (!session_) session_ = std::make_unique<SqlSession>(workload_.connection_string_);
    session_->execute("BEGIN");
    session_->query("INSERT INTO keys (key) VALUES ($1) ON CONFLICT DO NOTHING", {{key}});
    for (; rows > 0; --rows) insert(key, draw_flawed_message(flaw), attempt.message_ids);
    session_->execute("COMMIT");
    attempt.outcome = Outcome::committed;
    workload_.record(attempt);
    return attempt.message_ids;
  }

  void run() {
    while (workload_.await_turn()) {
      attempt_transaction();
      workload_.end_turn();
      workload_.rest(dice_.between(std::chrono::milliseconds{0}, options_.longest_pause));
    }
  }

 private:
  struct Message {
    std::optional<std::string> payload;
    std::vector<Header> headers;  ///< of the column
    std::string aggregate{Workload::aggregate};
    bool has_headers_array = false;
  };

  void attempt_transaction() {
    Attempt attempt;
    try {
      if (!session_) session_ = std::make_unique<SqlSession>(workload_.connection_string_);
      carry_out(attempt);
    } catch (const SqlError& error) {
      recover(error);
    }
    workload_.record(std::move(attempt));
  }

  void carry_out(Attempt& attempt) {
    attempt.is_durable = !dice_.chance(options_.asynchronous);
    const bool is_long = dice_.chance(options_.long_transactions);
    session_->execute(attempt.is_durable ? "BEGIN" : "BEGIN; SET LOCAL synchronous_commit = off");
    if (is_long) {
      insert(slow_key_name(number_), attempt.message_ids);
      workload_.rest(dice_.between(options_.longest_transaction / 4, options_.longest_transaction));
    }
    insert_some(attempt.message_ids);
    if (dice_.chance(options_.savepoints)) insert_and_take_back();
    if (dice_.chance(options_.rollbacks)) return session_->execute("ROLLBACK");
    // Whatever becomes of it, an error from here on leaves it open whether it committed.
    attempt.outcome = Outcome::unknown;
    if (dice_.chance(options_.prepared)) {
      commit_in_two_phases();
    } else {
      session_->execute("COMMIT");
    }
    attempt.outcome = Outcome::committed;
  }

  void commit_in_two_phases() {
    const std::string name = '\'' + random_uuid(dice_) + '\'';
    session_->execute("PREPARE TRANSACTION " + name);
    workload_.rest(dice_.between(std::chrono::milliseconds{0}, options_.longest_transaction));
    session_->execute("COMMIT PREPARED " + name);
  }

  /// For several keys in their order, so that writers do not deadlock.
  void insert_some(std::vector<std::string>& ids) {
    std::set<std::string> keys;
    for (int count = dice_.between(1, 3); count > 0; --count)
      keys.insert(Workload::key(dice_.between(0, options_.keys)));
    for (const std::string& key : keys) {
      for (int rows = dice_.between(1, 2); rows > 0; --rows) insert(key, ids);
    }
    if (dice_.chance(options_.without_key)) insert(std::nullopt, ids);
  }

  void insert_and_take_back() {
    Attempt attempt;
    session_->execute("SAVEPOINT before");
    insert(slow_key_name(number_), attempt.message_ids);
    session_->execute("ROLLBACK TO before");
    workload_.record(std::move(attempt));
  }

  void insert(const std::optional<std::string>& key, std::vector<std::string>& ids) {
    insert(key, draw_message(), ids);
  }

  void insert(const std::optional<std::string>& key, const Message& message, std::vector<std::string>& ids) {
    const std::string& id = ids.emplace_back(random_uuid(dice_));
    std::vector<Header> headers{{"message-id", id}, {"event-type", "Created"}};
    headers.insert(headers.end(), message.headers.begin(), message.headers.end());
    session_->query(key ? insert_with_key : insert_without_key, {{id},
                                                                 {key},
                                                                 {message.aggregate},
                                                                 {message.payload, true},
                                                                 {to_json(message)},
                                                                 {workload_.topic_},
                                                                 {digest_of(message.payload)},
                                                                 {digest_of(headers)}});
  }

  Message draw_message() {
    Message message;
    if (dice_.chance(options_.tombstones)) {
      message.payload = std::nullopt;
    } else if (dice_.chance(options_.empty_payloads)) {
      message.payload = "";
    } else {
      const int most = options_.large_payload_bytes;
      const int size =
          dice_.chance(options_.large_payloads) ? dice_.between(most / 10, most) : dice_.between(6, 400);
      message.payload = random_bytes(dice_, size);
    }
    // jsonb keeps its names by length, then by bytes: these are in that order already.
    message.headers = {{"n", std::to_string(dice_.between(0, 1'000'000))}, {"trace", random_uuid(dice_)}};
    if (options_.has_odd_headers) add_odd_headers(message.headers);
    return message;
  }

  void add_odd_headers(std::vector<Header>& headers) {
    headers.push_back({"nothing", std::nullopt});
    headers.push_back({"trace", "a second one"});
    headers.push_back({"", "no name"});
    if (!dice_.chance(0.1)) return;
    for (int i = 0; i < 100; ++i) headers.push_back({"header-" + std::to_string(i % 60), std::to_string(i)});
  }

  Message draw_flawed_message(Flaw flaw) {
    Message message = draw_message();
    switch (flaw) {
      case Flaw::none:
        break;
      case Flaw::too_large:
        message.payload = random_bytes(dice_, flawed_payload_bytes);
        break;
      case Flaw::headers_are_no_object:
        message.headers.clear();
        message.has_headers_array = true;
        break;
      case Flaw::topic_not_allowed:
        message.aggregate = "refund";
        break;
      case Flaw::topic_invalid:
        message.aggregate = "no topic: " + std::string{Workload::aggregate};
        break;
    }
    return message;
  }

  /// Names and values are ours and need no escapes.
  static std::string to_json(const Message& message) {
    if (message.has_headers_array) return "[1]";
    std::string json;
    for (const auto& [name, value] : message.headers) {
      json += (json.empty() ? "{\"" : ", \"") + name + "\": " + (value ? '"' + *value + '"' : "null");
    }
    return json + '}';
  }

  /// After an error nothing of the transaction is there, unless it was under way to commit.
  void recover(const SqlError& error) {
    if (!error.is_connection_lost()) {
      try {
        return session_->execute("ROLLBACK");
      } catch (const SqlError&) {  // then the connection is of no more use
      }
    }
    session_.reset();
    workload_.rest(std::chrono::milliseconds{50});
  }

  Workload& workload_;
  const Options& options_;
  const int number_;
  Dice dice_;
  std::unique_ptr<SqlSession> session_;
};

Workload::Workload(std::string connection_string, std::string topic, std::uint64_t seed, Options options)
    : connection_string_{std::move(connection_string)}, topic_{std::move(topic)}, options_{options} {
  Dice seeds{seed};
  for (int number = 0; number < options_.writers; ++number) {
    threads_.emplace_back(
        [this, number, writer_seed = seeds.number()] { Writer{*this, number, writer_seed}.run(); });
  }
  guest_ = std::make_unique<Writer>(*this, 0, seeds.number());
}

Workload::~Workload() {
  stop();
}

void Workload::pause() {
  std::unique_lock lock{mutex_};
  is_paused_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return open_transactions_ == 0; });
}

void Workload::resume() {
  const std::lock_guard lock{mutex_};
  is_paused_ = false;
  changed_.notify_all();
}

void Workload::stop() {
  {
    const std::lock_guard lock{mutex_};
    is_stopping_ = true;
    changed_.notify_all();
  }
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::vector<std::string> Workload::insert(const std::string& key, Flaw flaw, int rows) {
  auto ids = guest_->insert(key, flaw, rows);
  if (flaw != Flaw::none) flawed_.insert(ids.begin(), ids.end());
  return ids;
}

std::string Workload::mending_sql(const std::string& message_id) {
  const std::string payload = "mended";
  const std::string digest = digest_of(std::optional{payload});
  const std::string headers =
      digest_of(std::vector<Header>{{"message-id", message_id}, {"event-type", "Created"}});
  return "UPDATE outbox SET payload = '" + payload + "', headers = '{}', aggregatetype = '" +
         std::string{aggregate} + "' WHERE message_id = '" + message_id + "'; UPDATE ledger SET payload = '" +
         digest + "', headers = '" + headers + "' WHERE message_id = '" + message_id + '\'';
}

std::vector<Attempt> Workload::attempts() const {
  const std::lock_guard lock{mutex_};
  return attempts_;
}

bool Workload::await_turn() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return !is_paused_ || is_stopping_; });
  if (is_stopping_) return false;
  ++open_transactions_;
  return true;
}

void Workload::end_turn() {
  const std::lock_guard lock{mutex_};
  --open_transactions_;
  changed_.notify_all();
}

void Workload::rest(std::chrono::milliseconds duration) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, duration, [this] { return is_paused_ || is_stopping_; });
}

void Workload::record(Attempt attempt) {
  const std::lock_guard lock{mutex_};
  attempts_.push_back(std::move(attempt));
}

}  // namespace outbox_relay::testing
