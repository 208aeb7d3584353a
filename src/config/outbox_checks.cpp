#include "config/outbox_checks.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "config/edit_distance.h"
#include "config/envelope_checks.h"
#include "core/routing.h"

namespace outbox_relay::config {
namespace {

using Piece = Template::Piece;

/// The checks of one outbox. Each reports what it finds where the user wrote it.
class OutboxChecks {
 public:
  OutboxChecks(Outbox& outbox, const Section& section) : outbox_(outbox), section_(section) {}

  void run() {
    check_completion();
    check_refused();
    check_written_columns();
    check_topic();
    check_envelope(outbox_, section_);
    check_headers();
    check_named_columns();
    check_pace();
  }

 private:
  void add(std::string_view option, std::string what, std::string hint = {}) {
    section_.report().add(section_.place(option), std::move(what), std::move(hint));
  }

  [[nodiscard]] bool is_given(std::string_view option) const { return section_.find(option) != nullptr; }

  void check_completion() {
    if (outbox_.completion == Completion::mark) {
      if (outbox_.columns.sent || section_.is_any_wrong("columns.sent") || section_.is_wrong("completion"))
        return;
      const bool is_off = is_given("columns.sent");
      add(is_off ? "columns.sent" : "completion", "`completion: mark` needs a column for `sent`",
          "name it in `columns.sent`, or write `completion: delete`");
      return;
    }
    if (is_given("columns.sent") && outbox_.columns.sent) {
      add("columns.sent", "`columns.sent` means nothing with `completion: delete`", "leave one of them out");
    }
    if (is_given("keep_sent") && outbox_.keep_sent.count() > 0) {
      add("keep_sent", "`keep_sent` means nothing with `completion: delete`", "leave one of them out");
    }
    outbox_.columns.sent.reset();
    outbox_.keep_sent = {};
  }

  void check_refused() {
    if (section_.is_wrong("refused")) return;
    check_parking();
    check_dead_letters();
    if (outbox_.parked_key == ParkedKey::skip && outbox_.refused != Refused::park) {
      add("parked_key", "`parked_key: skip` means nothing without `refused: park`", "leave it out");
    }
  }

  /// Parking is the default only where there are columns for it: a table made for another relay has none.
  void check_parking() {
    if (outbox_.refused != Refused::park || section_.is_any_wrong("columns.")) return;
    const Columns& columns = outbox_.columns;
    std::string missing;
    for (const auto& [role, column] : {std::pair("parked_at", &columns.parked_at),
                                       {"attempts", &columns.attempts},
                                       {"last_error", &columns.last_error}}) {
      if (!*column) missing += (missing.empty() ? "" : ", ") + in_quotes(role);
    }
    if (missing.empty()) return;
    if (is_given("refused")) {
      add("refused", "`refused: park` needs columns for " + missing,
          "name them in `columns`, after adding them to the table; or write `refused: dead_letter` or "
          "`refused: halt`");
    } else {
      outbox_.refused = Refused::halt;
    }
  }

  void check_dead_letters() {
    if (section_.is_wrong("dead_letter_topic")) return;
    const bool wants_topic = outbox_.refused == Refused::dead_letter;
    const auto& topic = outbox_.dead_letter_topic;
    if (wants_topic && !topic) {
      add("refused", "`refused: dead_letter` needs a `dead_letter_topic`");
    } else if (!wants_topic && topic) {
      add("dead_letter_topic", "`dead_letter_topic` means nothing without `refused: dead_letter`");
    } else if (topic && outbox_.topic.is_constant() && outbox_.topic.literal_prefix() == *topic) {
      add("dead_letter_topic", called_value("dead_letter_topic") + " is the `topic` of the outbox itself",
          "name another topic: what the one refuses the other must take");
    }
  }

  /// A column that the relay writes must have no other role.
  void check_written_columns() {
    const Columns& columns = outbox_.columns;
    const std::array<std::pair<std::string_view, const std::optional<std::string>*>, 4> written = {
        {{"columns.sent", &columns.sent},
         {"columns.parked_at", &columns.parked_at},
         {"columns.attempts", &columns.attempts},
         {"columns.last_error", &columns.last_error}}};
    const std::vector<std::string> all = roles();
    for (const auto& [option, column] : written) {
      if (*column && is_given(option) && std::ranges::count(all, **column) > 1) {
        add(option,
            called(*section_.find(option)) + " has another role already, and the relay would overwrite it");
      }
    }
  }

  void check_topic() {
    if (outbox_.topic.pieces.empty()) return;
    const auto& patterns = outbox_.allowed_topics;
    const std::string prefix(outbox_.topic.literal_prefix());
    if (outbox_.topic.is_constant()) {
      if (!core::is_allowed_topic(prefix, patterns))
        add("topic", called_value("topic") + " is not in `allowed_topics`");
      return;
    }
    if (prefix.empty() && patterns.empty() && !section_.is_wrong("allowed_topics")) {
      add("topic", called_value("topic") + " lets a row choose any topic",
          "begin it with a literal text, such as `orders.`, or list `allowed_topics`");
    }
    if (prefix.empty() || !is_given("allowed_topics")) return;
    const Node& list = *section_.find("allowed_topics");
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      const bool is_prefix = patterns[i].ends_with('*');
      const std::string pattern = patterns[i].substr(0, patterns[i].size() - (is_prefix ? 1 : 0));
      const bool is_reachable = pattern.starts_with(prefix) || (is_prefix && prefix.starts_with(pattern));
      if (!is_reachable) {
        section_.report().add(list.items[i].span.begin,
                              called(list.items[i]) + " is out of reach: `topic` makes no such name");
      }
    }
  }

  void check_headers() {
    for (const Header& header : outbox_.headers) {
      if (header.name != outbox_.message_id_header) continue;
      const bool is_given_header = is_given("headers");
      add(is_given_header ? "headers" : "message_id_header",
          "the header " + in_quotes(header.name) + " is the message id header already",
          "name it differently, or set `message_id_header`");
    }
  }

  /// Templates, headers and `partition` may name roles and extra columns.
  void check_named_columns() {
    if (section_.is_any_wrong("columns.") || section_.is_wrong("extra_columns")) return;
    std::vector<std::string> known = roles();
    known.insert(known.end(), outbox_.extra_columns.begin(), outbox_.extra_columns.end());
    const auto check = [&](const std::string& column, const Node* node) {
      if (std::ranges::find(known, column) == known.end()) add_unknown_column(column, node, known);
    };
    for (const std::string& column : columns_in(outbox_.topic)) check(column, section_.find("topic"));
    for (const Header& header : outbox_.headers) {
      for (const std::string& column : columns_in(header.value))
        check(column, section_.find_within("headers", header.name));
    }
    if (outbox_.partition) check(*outbox_.partition, section_.find("partition"));
  }

  void add_unknown_column(const std::string& column, const Node* node,
                          const std::vector<std::string>& known) {
    std::string what;
    if (node != nullptr && node->has_variable) {
      what = called(*node) + " names a column that has no role and is not in `extra_columns`";
    } else {
      what = "column " + in_quotes(column) + " has no role and is not in `extra_columns`";
      const std::vector<std::string_view> candidates(known.begin(), known.end());
      if (const auto meant = nearest(column, candidates))
        what += " (did you mean " + in_quotes(*meant) + "?)";
    }
    const Position place = node != nullptr ? node->span.begin : section_.place("columns");
    section_.report().add(place, std::move(what), "list it in `extra_columns` if the table has it");
  }

  /// What is given stands; a default next to it gives way instead of making a conflict.
  void check_pace() {
    if (outbox_.poll_interval_min > outbox_.poll_interval) {
      if (is_given("poll_interval") && is_given("poll_interval_min")) {
        add("poll_interval_min", "`poll_interval_min` is longer than `poll_interval`");
      } else if (is_given("poll_interval_min")) {
        outbox_.poll_interval = outbox_.poll_interval_min;
      } else {
        outbox_.poll_interval_min = outbox_.poll_interval;
      }
    }
    if (outbox_.page_rows > outbox_.in_flight_rows) {
      if (is_given("page_rows") && is_given("in_flight_rows")) {
        add("page_rows", "`page_rows` is more than `in_flight_rows`: such a page would never fit");
      } else if (is_given("page_rows")) {
        outbox_.in_flight_rows = outbox_.page_rows;
      } else {
        outbox_.page_rows = outbox_.in_flight_rows;
      }
    }
  }

  [[nodiscard]] std::vector<std::string> roles() const {
    const Columns& columns = outbox_.columns;
    std::vector<std::string> all = {columns.id, columns.payload};
    for (const auto* column : {&columns.message_id, &columns.key, &columns.headers, &columns.created_at,
                               &columns.sent, &columns.parked_at, &columns.attempts, &columns.last_error}) {
      if (*column) all.push_back(**column);
    }
    return all;
  }

  static std::vector<std::string> columns_in(const Template& text) {
    std::vector<std::string> columns;
    for (const Piece& piece : text.pieces) {
      if (piece.kind == Piece::Kind::column) columns.push_back(piece.text);
    }
    return columns;
  }

  [[nodiscard]] std::string called_value(std::string_view option) const {
    const Node* node = section_.find(option);
    return node == nullptr ? "the preset's " + in_quotes(option) : called(*node);
  }

  Outbox& outbox_;
  const Section& section_;
};

/// Reports the second and every further use of a value that only one outbox may have.
template <class Value>
void check_unique(std::span<const Outbox> outboxes, std::span<const Section> sections,
                  std::string_view option, Value Outbox::* member, Report& report) {
  for (std::size_t i = 0; i < outboxes.size(); ++i) {
    const Node* node = sections[i].find(option);
    if (node == nullptr || sections[i].is_wrong(option)) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (outboxes[j].*member != outboxes[i].*member) continue;
      const std::size_t line = sections[j].place(option).line + 1;
      report.add(node->span.begin, called(*node) + " is the " + std::string(option) +
                                       " of the outbox in line " + std::to_string(line) + " already");
      break;
    }
  }
}

}  // namespace

void check_outbox(Outbox& outbox, const Section& section) {
  OutboxChecks(outbox, section).run();
}

void check_coordination(const Outbox& outbox, const Section& section, const Postgres& postgres) {
  if (outbox.coordination != Coordination::lease) return;
  if (outbox.completion_commit == CompletionCommit::asynchronous) {
    section.report().add(
        section.place("completion_commit"),
        "`completion_commit: asynchronous` does not go with `coordination: lease`",
        "leave it out: each completion renews the lease, and a crash of the database must not take that "
        "back");
  }
  if (postgres.control_schema) return;
  section.report().add(section.place("coordination"), "`coordination: lease` needs `postgres.control_schema`",
                       "name the schema that deploy/sql/control.sql made");
}

void check_distinct(std::span<const Outbox> outboxes, std::span<const Section> sections, Report& report) {
  check_unique(outboxes, sections, "name", &Outbox::name, report);
  check_unique(outboxes, sections, "table", &Outbox::table, report);
}

}  // namespace outbox_relay::config
