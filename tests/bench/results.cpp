#include "results.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iomanip>
#include <sstream>

namespace outbox_relay::bench {

std::string grouped(double value, int decimals) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(decimals) << value;
  std::string result = text.str();
  const auto end = std::min(result.find('.'), result.size());
  for (auto at = end; at > 3 && result[at - 4] != '-'; at -= 3) result.insert(at - 3, 1, ' ');
  return result;
}

std::optional<Spread> Results::spread(const std::string& arm, const std::string& measure) const {
  const auto found = std::ranges::find(shape_.arms, arm, &Arm::name);
  if (found == shape_.arms.end()) return std::nullopt;  // it was not chosen
  std::vector<double> values;
  for (const Measures& run : runs_[static_cast<std::size_t>(found - shape_.arms.begin())]) {
    if (const auto value = run.find(measure); value != run.end()) values.push_back(value->second);
  }
  if (values.empty()) return std::nullopt;
  return spread_of(std::move(values));
}

std::optional<Results::Verdict> Results::judge(const Claim& claim) const {
  const auto of = spread(claim.of, claim.measure);
  if (!of) return std::nullopt;
  double value = of->median;
  if (claim.kind != Claim::Kind::value) {
    const auto against = spread(claim.against, claim.measure);
    if (!against) return std::nullopt;
    value = claim.kind == Claim::Kind::ratio ? value / against->median : value - against->median;
  }
  return Verdict{value, claim.at_least ? value >= claim.bar : value <= claim.bar};
}

std::string Results::to_markdown() const {
  std::ostringstream text;
  text << "### " << shape_.title << " (`" << shape_.name << "`)\n\n| |";
  for (const Column& column : shape_.columns) {
    text << ' ' << column.title << (&column == &shape_.columns.front() ? ", median (least … most)" : "")
         << " |";
  }
  text << "\n|---|";
  for (std::size_t column = 0; column < shape_.columns.size(); ++column) text << "---:|";
  text << '\n';
  for (const Arm& arm : shape_.arms) {
    text << "| " << arm.name << " |";
    for (const Column& column : shape_.columns) {
      const auto values = spread(arm.name, column.measure);
      text << ' ';
      if (values) text << grouped(values->median, column.decimals);
      if (values && &column == &shape_.columns.front()) {
        text << " (" << grouped(values->least, column.decimals) << " … "
             << grouped(values->most, column.decimals) << ')';
      }
      text << " |";
    }
    text << '\n';
  }
  if (!shape_.claims.empty()) text << "\n| | measured | bar | |\n|---|---:|---:|---|\n";
  for (const Claim& claim : shape_.claims) {
    const auto verdict = judge(claim);
    if (!verdict) continue;
    text << "| " << claim.text << " | " << grouped(verdict->value, 2) << " | "
         << (claim.at_least ? "≥ " : "≤ ") << claim.bar << " | "
         << (verdict->is_kept ? "kept" : "**not kept**") << " |\n";
  }
  return text.str();
}

std::string Results::to_json(const Scale& scale, const Machine& machine) const {
  namespace json = boost::json;
  json::array runs;
  for (std::size_t arm = 0; arm < runs_.size(); ++arm) {
    for (std::size_t number = 0; number < runs_[arm].size(); ++number) {
      json::object measures;
      for (const auto& [name, value] : runs_[arm][number]) measures[name] = value;
      runs.push_back(
          {{"arm", shape_.arms[arm].name}, {"repeat", number + 1}, {"measures", std::move(measures)}});
    }
  }
  json::array claims;
  for (const Claim& claim : shape_.claims) {
    if (const auto verdict = judge(claim)) {
      claims.push_back({{"claim", claim.text},
                        {"value", verdict->value},
                        {claim.at_least ? "at_least" : "at_most", claim.bar},
                        {"is_kept", verdict->is_kept}});
    }
  }
  json::object facts;
  for (const auto& [name, value] : machine) facts[name] = value;
  return json::serialize(json::object{{"shape", shape_.name},
                                      {"rows", scale.rows},
                                      {"large_rows", scale.large_rows},
                                      {"sent_rows", scale.sent_rows},
                                      {"repeats", runs_.front().size()},
                                      {"machine", std::move(facts)},
                                      {"claims", std::move(claims)},
                                      {"runs", std::move(runs)}}) +
         "\n";
}

}  // namespace outbox_relay::bench
