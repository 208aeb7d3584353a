#include "cli/check_report.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "cli/exit_code.h"
#include "cli/text_output.h"

namespace outbox_relay::cli {
namespace {

namespace json = boost::json;
using core::Aspect;
using core::Severity;

std::string_view to_label(Severity severity) {
  switch (severity) {
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "";
}

std::size_t count(std::span<const CheckFinding> findings, Severity severity) {
  return static_cast<std::size_t>(
      std::ranges::count(findings, severity, [](const CheckFinding& each) { return each.finding.severity; }));
}

std::string line(std::string_view title, const std::string& text) {
  return text.empty() ? "" : std::string(title) + printable(text) + '\n';
}

/// Whether the file has to be changed, rather than something at a server.
bool is_of_file(const CheckFinding& each) {
  const Aspect aspect = each.finding.aspect;
  return aspect == Aspect::configuration || aspect == Aspect::secrets || aspect == Aspect::kafka_properties;
}

}  // namespace

std::string to_text(std::span<const CheckFinding> findings) {
  std::string text;
  for (const auto& [outbox, finding] : findings) {
    const std::string subject = outbox.empty() ? "" : " outbox " + outbox;
    text += std::string(to_label(finding.severity)) + ':' + subject + " [" +
            std::string(core::to_label(finding.aspect)) + "] ";
    text += line("", finding.what) + line("  why: ", finding.why) + line("  fix: ", finding.fix);
  }
  return text + number_of(count(findings, Severity::error), "error") + ", " +
         number_of(count(findings, Severity::warning), "warning") + '\n';
}

std::string to_json(const std::string& config_file, bool is_connected,
                    std::span<const CheckFinding> findings) {
  json::array list;
  for (const auto& [outbox, finding] : findings) {
    json::value name;
    if (!outbox.empty()) name = json::string(outbox);
    list.push_back(json::object{{"severity", to_label(finding.severity)},
                                {"check", core::to_label(finding.aspect)},
                                {"outbox", std::move(name)},
                                {"what", finding.what},
                                {"why", finding.why},
                                {"fix", finding.fix}});
  }
  return json::serialize(json::object{{"config", config_file},
                                      {"connected", is_connected},
                                      {"errors", count(findings, Severity::error)},
                                      {"warnings", count(findings, Severity::warning)},
                                      {"findings", std::move(list)}}) +
         '\n';
}

int exit_code_of(std::span<const CheckFinding> findings) {
  int code = exit_done;
  for (const CheckFinding& each : findings) {
    if (each.finding.severity == Severity::warning) continue;
    if (is_of_file(each)) return exit_configuration;
    code = exit_unavailable;
  }
  return code;
}

}  // namespace outbox_relay::cli
