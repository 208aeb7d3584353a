#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outbox.h"
#include "support/process.h"
#include "support/relay_program.h"

namespace outbox_relay::bench {

enum class Contender : std::uint8_t { relay, limit, usual_loop, fetch_only, publish_only, complete_only };

[[nodiscard]] const char* to_text(Contender contender);

/// What a contender is to do.
struct Job {
  std::string connection;
  std::string bootstrap;
  std::string topic;
  Completion completion = Completion::mark;
  std::size_t rows = 0;
  /// Further lines of the relay's outbox, "    page_rows: 500\n"; the default configuration without them.
  std::string relay_options;
  std::vector<std::string> further_topics{};  ///< of the relay's outboxes beside the first, table by table
};

/// What the relay calls an outbox in its metrics.
[[nodiscard]] std::string outbox_name(std::size_t number);

/// A contender at work, in a process of its own that ends with this object.
class Running {
 public:
  Running(Contender contender, const Job& job);

  [[nodiscard]] const testing::Process& process() const;
  [[nodiscard]] const testing::RelayProgram& relay() const { return *relay_; }
  /// A metric of the relay's first outbox: "leader".
  [[nodiscard]] double metric(const std::string& family) const {
    return relay_->metric_of(outbox_name(0), family);
  }
  /// The relay has found its tables and leads. Throws std::runtime_error when it does not come so far.
  void await_lead() const;
  /// The line that it writes, which the `*_only` ones do when they are done.
  [[nodiscard]] std::string await_line() const;
  /// Asks it to end, which the relay does when it has drained and the others when they are done. Throws
  /// std::runtime_error with what it wrote when that is no end in good order.
  void finish();
  /// Throws std::runtime_error with what it wrote when it has ended badly.
  void check() const;

 private:
  [[noreturn]] void fail(int code) const;

  Contender contender_;
  std::unique_ptr<testing::RelayProgram> relay_;
  std::optional<testing::Process> process_;
};

}  // namespace outbox_relay::bench
