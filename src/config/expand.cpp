#include "config/expand.h"

#include <algorithm>
#include <utility>

#include "core/utf8.h"

namespace outbox_relay::config {
namespace {

// A small file with many references to a large variable must not fill the memory.
constexpr std::size_t largest_expansion = 4 * 1024 * 1024;

bool is_variable_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto continues = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, continues);
}

class Expansion {
 public:
  Expansion(const Environment& environment, Report& report) : environment_(environment), report_(report) {}

  void visit(Node& node) {
    if (node.kind == Node::Kind::scalar && node.written.find('$') != std::string::npos) expand_scalar(node);
    // yaml-cpp makes a lone byte of `\N` and of `\_`.
    if (!core::is_text(node.text))
      refuse(node, "has a zero byte, or one that is no UTF-8", "write the character itself, not an escape");
    for (Node& item : node.items) visit(item);
    for (Entry& entry : node.entries) visit(entry.value);
  }

 private:
  void expand_scalar(Node& node) {
    std::string result;
    std::string_view rest = node.written;
    while (!rest.empty() && !node.is_refused) {
      const std::size_t literal = std::min(rest.find('$'), rest.size());
      result += rest.substr(0, literal);
      rest.remove_prefix(literal);
      if (rest.starts_with("$$")) {
        result += '$';
        rest.remove_prefix(2);
      } else if (rest.starts_with("${")) {
        const std::size_t close = rest.find('}');
        if (close == std::string_view::npos)
          return refuse(node, "has a `${` without `}`", "a dollar sign is written `$$`");
        result += value_of(rest.substr(2, close - 2), node);
        rest.remove_prefix(close + 1);
      } else if (!rest.empty()) {
        return refuse(node, "has a lone `$`", "write `${NAME}` for a variable, `$$` for a dollar sign");
      }
    }
    expanded_ += result.size();
    if (expanded_ > largest_expansion)
      return refuse(node, "makes the file larger than 4 MiB with its variables", "");
    node.text = std::move(result);
  }

  /// `reference` is what stands between the braces.
  std::string value_of(std::string_view reference, Node& node) {
    node.has_variable = true;
    const std::size_t colon = reference.find(':');
    const std::string_view name = reference.substr(0, colon);
    const std::string_view form = colon == std::string_view::npos ? "" : reference.substr(colon).substr(0, 2);
    const std::string_view argument = form.size() < 2 ? "" : reference.substr(colon + 2);
    if (!is_variable_name(name) || (colon != std::string_view::npos && form != ":-" && form != ":?")) {
      refuse(node, "has a `${…}` that is no variable",
             "write `${NAME}`, `${NAME:-default}` or `${NAME:?message}`");
      return {};
    }
    if (argument.find('$') != std::string_view::npos) {
      refuse(node, "has a `$` inside of `${…}`", "variables cannot be nested");
      return {};
    }
    const auto value = environment_(name);
    if (value && (!value->empty() || form.empty())) return *value;
    if (form == ":-") return std::string(argument);
    const std::string what = "variable " + in_quotes(name) + (value ? " is empty" : " is not set");
    if (form == ":?" && !argument.empty()) {
      report(node, what + ": " + printable(argument), {});
    } else {
      report(node, what, "set it, or write a default: `${" + std::string(name) + ":-…}`");
    }
    return {};
  }

  void refuse(Node& node, const std::string& what, std::string hint) {
    report(node, "the value " + what, std::move(hint));
  }

  void report(Node& node, std::string what, std::string hint) {
    if (!node.is_refused) report_.add(node.span.begin, std::move(what), std::move(hint));
    node.is_refused = true;
  }

  const Environment& environment_;
  Report& report_;
  std::size_t expanded_ = 0;
};

}  // namespace

void expand(Node& root, const Environment& environment, Report& report) {
  Expansion(environment, report).visit(root);
}

}  // namespace outbox_relay::config
