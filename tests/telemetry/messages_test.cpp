#include "telemetry/messages.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.h"

using namespace outbox_relay::telemetry;

namespace {

/// The cells of a row of Markdown's tables.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream text(line.substr(2));
  for (std::string cell; std::getline(text, cell, '|');) {
    cell.erase(0, cell.find_first_not_of(' '));
    cells.push_back(cell.substr(0, cell.find_last_not_of(' ') + 1));
  }
  return cells;
}

/// The first cells of a message's row: what the program knows of it.
std::string known(const MessageFacts& facts) {
  std::string text = "`" + std::string(facts.text) + "` | " + std::string(to_label(facts.level));
  if (facts.worst != facts.level) text += ", " + std::string(to_label(facts.worst));
  text += " | ";
  for (std::size_t at = 0; at < facts.field_count(); ++at)
    text += (at == 0 ? "`" : ", `") + std::string(facts.fields[at]) + '`';
  return text;
}

}  // namespace

TEST_CASE("the log messages in deploy/README.md are those of the program, each with what it means",
          "[reference]") {
  std::ifstream file(OUTBOX_RELAY_DEPLOY "/README.md", std::ios::binary);
  std::string line;
  while (std::getline(file, line) && !line.starts_with("<!-- messages: begin")) continue;
  std::set<std::string> documented;
  while (std::getline(file, line) && !line.starts_with("<!-- messages: end")) {
    if (!line.starts_with("| `")) continue;
    const auto row = cells(line);
    INFO(line);
    REQUIRE(row.size() == 5);
    CHECK_FALSE(row[3].empty());
    CHECK_FALSE(row[4].empty());
    CHECK(documented.insert(row[0] + " | " + row[1] + " | " + row[2]).second);
  }
  std::set<std::string> said;
  for (const MessageFacts& facts : all_messages) said.insert(known(facts));
  CHECK(documented == said);
}

TEST_CASE("messages differ, and stand in the list at their places", "[messages]") {
  std::set<std::string_view> texts;
  for (const MessageFacts& facts : all_messages) {
    CHECK(texts.insert(facts.text).second);
    CHECK(&facts_of(facts.message) == &facts);
  }
}
