#include "config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "config/secrecy.h"

namespace outbox_relay::config {
namespace {

constexpr std::size_t largest_file = 1024 * 1024;
constexpr std::size_t deepest = 16;

struct TooDeep {
  Position place;
};

struct NeverClosed {
  Position place;
};

struct LeftOver {
  Position place;
};

Position position_of(const YAML::Mark& mark) {
  return {static_cast<std::size_t>(std::max(mark.line, 0)),
          static_cast<std::size_t>(std::max(mark.column, 0))};
}

/// Builds the tree from the parser's events rather than from yaml-cpp's nodes, which lose the places of keys,
/// drop duplicates and resolve aliases.
class Builder : public YAML::EventHandler {
 public:
  Builder(const Source& source, Report& report) : source_(source), report_(report) {}

  [[nodiscard]] Node take() { return root_ ? *std::move(root_) : Node{}; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (!root_) return;
    const Position place = position_of(mark);
    if (!source_.text_from(place).starts_with("---")) throw LeftOver{place};
    report_.add(place, "a configuration is one YAML document, and a second one begins here");
    report_.hide({place, source_.end()});  // nobody reads what is what in there
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    begin(Node::Kind::null, mark, {}, anchor);
    end();
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*of what it stands for*/) override {
    refuse(begin(Node::Kind::null, mark, {}, 0), "aliases are not supported", "write the value out");
    end();
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!source_.closes_quote(position_of(mark))) throw NeverClosed{position_of(mark)};
    Node& node = begin(Node::Kind::scalar, mark, tag, anchor);
    node.text = value;
    node.written = value;
    end();
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(Node::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(Node::Kind::mapping, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    Node node;
    std::optional<Node> key;  ///< of a mapping, while its value is read
  };

  Node& begin(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Position place = position_of(mark);
    if (open_.size() == deepest) throw TooDeep{place};
    Node& node = open_.emplace_back().node;
    node.kind = kind;
    node.span = {place, place};
    if (anchor != 0) refuse(node, "anchors are not supported", "write the value out wherever it is needed");
    const bool is_tagged = !tag.empty() && tag != "?" && tag != "!";  // "?" is a plain text, "!" a quoted one
    if (is_tagged) refuse(node, "tags are not supported", "leave it out: every option knows its type");
    return node;
  }

  void refuse(Node& node, const char* what, const char* hint) {
    report_.add(node.span.begin, what, hint);
    node.is_refused = true;
  }

  void end() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    if (open_.empty()) {
      if (!root_) root_ = std::move(node);
    } else if (Open& parent = open_.back(); parent.node.kind == Node::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.key) {
      // yaml-cpp places a value that is not there at whatever comes next.
      if (node.kind == Node::Kind::null) node.span.begin = parent.key->span.begin;
      parent.node.entries.push_back({*std::move(parent.key), std::move(node)});
      parent.key.reset();
    } else {
      if (node.kind != Node::Kind::scalar && !node.is_refused) refuse(node, "a key must be a text", "");
      if (node.text == "<<") refuse(node, "merge keys are not supported", "write the keys out");
      parent.key = std::move(node);
    }
  }

  const Source& source_;
  Report& report_;
  std::vector<Open> open_;
  std::optional<Node> root_;
};

/// Ends each part where the next one begins: between them are only spaces, punctuation, and comments, which
/// may hold an old secret.
void close_spans(Node& node, Position end) {
  node.span.end = end;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    close_spans(node.items[i], i + 1 < node.items.size() ? node.items[i + 1].span.begin : end);
  }
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    Entry& entry = node.entries[i];
    close_spans(entry.key, entry.value.span.begin);
    close_spans(entry.value, i + 1 < node.entries.size() ? node.entries[i + 1].key.span.begin : end);
  }
}

/// What usually is behind yaml-cpp's message, which says what the parser met.
std::string hint_for(std::string_view message) {
  using namespace YAML::ErrorMsg;
  if (message == MAP_VALUE)
    return "quote a value with `: ` in it, indent the keys of a mapping alike, and with spaces";
  if (message == END_OF_MAP_FLOW) return "a `{` is not closed";
  if (message == END_OF_SEQ_FLOW) return "a `[` is not closed";
  if (message == END_OF_MAP || message == END_OF_SEQ) return "the indentation fits to no line before";
  return {};
}

/// Without the character that some of yaml-cpp's messages end with: it may belong to a secret.
std::string without_content(const std::string& message) {
  return message.substr(0, message.find(": "));
}

}  // namespace

std::optional<Node> parse_document(const Source& source, Report& report) {
  if (source.text().size() > largest_file) {
    report.add({}, "the file is larger than 1 MiB");
    report.hide({{}, source.end()});
    return std::nullopt;
  }
  const auto give_up = [&](Position place, std::string what, std::string hint = {}) {
    report.add(std::min(place, source.end()), std::move(what), std::move(hint));
    for (const Span& span : spans_that_may_be_secret(source)) report.hide(span);
    return std::nullopt;
  };
  if (const auto place = source.first_invalid_byte()) {
    return give_up(*place, "the file has a byte here that is neither UTF-8 nor a printable character");
  }
  std::istringstream stream(source.text());
  Builder builder(source, report);
  try {
    YAML::Parser parser(stream);
    // Not until the end: yaml-cpp finds one document after the other in front of a token that it cannot use.
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
  } catch (const TooDeep& error) {
    return give_up(error.place, "the file nests deeper than 16 levels");
  } catch (const NeverClosed& error) {
    return give_up(error.place, "not YAML: this quote is never closed");
  } catch (const LeftOver& error) {
    return give_up(error.place, "not YAML: the file should end here, but goes on");
  } catch (const YAML::Exception& error) {
    return give_up(position_of(error.mark), "not YAML: " + without_content(error.msg), hint_for(error.msg));
  }
  Node root = builder.take();
  close_spans(root, source.end());
  return root;
}

}  // namespace outbox_relay::config
