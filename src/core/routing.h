#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/failure.h"
#include "core/row.h"

namespace outbox_relay::core {

/// A text with columns in it, such as `orders.{aggregatetype}`.
class Template {
 public:
  /// Literal text, or the index of a column in `Row::attributes`.
  using Piece = std::variant<std::string, std::size_t>;

  Template() = default;
  explicit Template(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  [[nodiscard]] bool is_constant() const;
  /// Writes the text for a row into `into` (replacing it). False when a column it names is NULL.
  [[nodiscard]] bool render(std::span<const Value> attributes, std::string& into) const;

 private:
  std::vector<Piece> pieces_;
};

/// A header that the configuration adds to each record: a constant, or "{column}".
struct HeaderRule {
  std::string name;
  Template value;
};

/// How a row becomes a record: everything about it that the configuration decides.
struct Routing {
  std::string outbox;                ///< its name, for dead letters
  std::vector<std::string> columns;  ///< what `Row::attributes` holds, in this order
  Template topic;
  std::vector<std::string> allowed_topics;  ///< names and prefix* patterns; empty allows all
  std::optional<std::size_t> partition;     ///< the attribute that names the partition
  std::vector<HeaderRule> headers;
  bool sends_null_headers =
      false;  ///< with a null value where the column is NULL, instead of leaving them out
  std::string message_id_header = "message-id";
  bool is_cloud_event = false;  ///< the headers are those of CloudEvents in binary mode; see cloud_event.h
};

/// A topic of this process, numbered in the order of appearance, so that rows carry four bytes instead of a
/// name.
enum class TopicId : std::uint32_t {};

/// The topics that rows were routed to. Lives on its pipeline's thread.
class TopicNames {
 public:
  explicit TopicNames(const Routing& routing) : routing_(&routing) {}

  /// The topic of a row, or why it has none: a NULL in the template, a name that Kafka or `allowed_topics`
  /// refuses.
  [[nodiscard]] std::variant<TopicId, Failure> of(const Row& row);
  /// A topic that the configuration names.
  [[nodiscard]] TopicId number(const std::string& name);
  [[nodiscard]] const std::string& name(TopicId topic) const {
    return names_[static_cast<std::size_t>(topic)];
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }
  /// The topic of all rows, if they have no say in it and one was seen.
  [[nodiscard]] std::optional<TopicId> constant() const { return constant_; }

 private:
  const Routing* routing_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, TopicId> ids_;
  std::string scratch_;
  std::optional<TopicId> constant_;  ///< where no row has a say
};

/// Whether Kafka takes the name: letters, digits, '.', '_' and '-', at most 249, and neither "." nor "..".
/// Source: org.apache.kafka.common.internals.Topic.
[[nodiscard]] bool is_topic_name(std::string_view name);

/// Whether `allowed_topics`, names and prefix* patterns, have the topic among them; empty allows all.
[[nodiscard]] bool is_allowed_topic(std::string_view name, std::span<const std::string> allowed_topics);

}  // namespace outbox_relay::core
