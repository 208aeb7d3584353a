#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "support/catch.h"
#include "telemetry/observed.h"

using namespace outbox_relay::telemetry;

namespace {

const std::string readme_file = OUTBOX_RELAY_DEPLOY "/README.md";
constexpr std::string_view begin_marker = "<!-- metrics: begin (made by test-telemetry) -->\n";
constexpr std::string_view end_marker = "<!-- metrics: end -->\n";

struct Family {
  std::string type;
  std::string help;
  std::map<std::string, std::set<std::string>> labels;  ///< name to values
};

/// `{name="value",…} …`: values of ours hold no quotes.
void read_labels(std::string_view text, Family& family) {
  for (auto equals = text.find("=\""); equals != std::string_view::npos; equals = text.find("=\"")) {
    const auto end = text.find('"', equals + 2);
    family.labels[std::string(text.substr(1, equals - 1))].insert(
        std::string(text.substr(equals + 2, end - equals - 2)));
    text.remove_prefix(end + 1);
  }
  family.labels.erase("le");
}

/// By name, as the program tells them: a family's HELP and TYPE come before its series.
std::map<std::string, Family> families(const std::string& metrics) {
  std::map<std::string, Family> found;
  Family* latest = nullptr;
  std::istringstream text(metrics);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string hash, keyword, name;
    words >> hash >> keyword >> name >> std::ws;
    if (hash == "#") {
      latest = &found[name];
      std::getline(words, keyword == "HELP" ? latest->help : latest->type);
    } else if (const auto labels = line.find('{'); labels != std::string::npos) {
      read_labels(std::string_view(line).substr(labels), *latest);
    }
  }
  return found;
}

std::string code(const std::string& text) {
  return '`' + text + '`';
}

std::string list_of(const std::set<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + code(word);
  return text;
}

std::string without_prefix(const std::string& name) {
  return name.starts_with(metric_prefix) ? name.substr(metric_prefix.size()) : name;
}

/// Markdown: the families of each outbox, those of the process, and the values of the labels.
std::string reference() {
  Observed observed;
  std::string of_outboxes, of_process;
  std::map<std::string, std::set<std::string>> values;
  for (const auto& [name, family] : families(observed.telemetry.render())) {
    const bool is_of_outbox = family.labels.contains("outbox");
    std::set<std::string> labels;
    for (const auto& [label, its_values] : family.labels) {
      if (label == "outbox") continue;
      labels.insert(label);
      if (name != std::string(metric_prefix) + "build_info")
        values[label].insert(its_values.begin(), its_values.end());
    }
    (is_of_outbox ? of_outboxes : of_process) += "| " + code(without_prefix(name)) + " | " + family.type +
                                                 " | " + list_of(labels) + " | " + family.help + " |\n";
  }
  const std::string head = "| name | type | labels | what |\n|---|---|---|---|\n";
  std::string text = "\nOf each outbox, with the label `outbox`:\n\n" + head + of_outboxes +
                     "\nOf the process:\n\n" + head + of_process + "\n| label | values |\n|---|---|\n";
  for (const auto& [label, its_values] : values)
    text += "| " + code(label) + " | " + list_of(its_values) + " |\n";
  return text + '\n';
}

}  // namespace

TEST_CASE("the metrics in deploy/README.md are those of the program", "[reference]") {
  std::ifstream file(readme_file, std::ios::binary);
  const std::string readme{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto begin = readme.find(begin_marker), end = readme.find(end_marker);
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const auto text = begin + begin_marker.size();
  if (std::getenv("OUTBOX_RELAY_UPDATE_README") != nullptr) {
    std::ofstream(readme_file, std::ios::binary)
        << readme.substr(0, text) << reference() << readme.substr(end);
    SUCCEED("written");
    return;
  }
  INFO(
      "bring it up to date: OUTBOX_RELAY_UPDATE_README=1 build/dev/tests/telemetry/test-telemetry "
      "'[reference]'");
  CHECK(readme.substr(text, end - text) == reference());
}
