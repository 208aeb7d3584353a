#include "core/routing.h"

#include <algorithm>

namespace outbox_relay::core {

bool Template::is_constant() const {
  return std::ranges::none_of(pieces_,
                              [](const Piece& piece) { return std::holds_alternative<std::size_t>(piece); });
}

bool Template::render(std::span<const Value> attributes, std::string& into) const {
  into.clear();
  for (const Piece& piece : pieces_) {
    if (const auto* literal = std::get_if<std::string>(&piece)) {
      into += *literal;
      continue;
    }
    const Value& value = attributes[std::get<std::size_t>(piece)];
    if (!value) return false;
    into += *value;
  }
  return true;
}

bool is_topic_name(std::string_view name) {
  const auto is_legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 249 && name != "." && name != ".." &&
         std::ranges::all_of(name, is_legal);
}

bool is_allowed_topic(std::string_view name, std::span<const std::string> allowed_topics) {
  if (allowed_topics.empty()) return true;
  return std::ranges::any_of(allowed_topics, [name](std::string_view pattern) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
  });
}

std::variant<TopicId, Failure> TopicNames::of(const Row& row) {
  if (constant_) return *constant_;
  if (!routing_->topic.render(row.attributes, scratch_)) {
    return Failure{Reason::invalid_topic, Remedy::park, "a column that the topic's template names is NULL",
                   "make the column NOT NULL, or give `topic` a constant"};
  }
  if (const auto known = ids_.find(scratch_); known != ids_.end()) return known->second;
  if (!is_topic_name(scratch_)) {
    return Failure{Reason::invalid_topic, Remedy::park,
                   "the topic's template makes a name that Kafka does not take",
                   "Kafka takes letters, digits, '.', '_' and '-', at most 249 of them"};
  }
  if (!is_allowed_topic(scratch_, routing_->allowed_topics)) {
    return Failure{Reason::invalid_topic, Remedy::park,
                   "the topic's template makes a name that is not among `allowed_topics`",
                   "add the name, or a prefix* of it, to `allowed_topics`"};
  }
  const TopicId id = number(scratch_);
  if (routing_->topic.is_constant()) constant_ = id;
  return id;
}

TopicId TopicNames::number(const std::string& name) {
  const auto [known, is_new] = ids_.try_emplace(name, static_cast<TopicId>(names_.size()));
  if (is_new) names_.push_back(name);
  return known->second;
}

}  // namespace outbox_relay::core
