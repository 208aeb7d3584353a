#include "config/presets.h"

#include <array>
#include <stdexcept>
#include <string>

#include "config/reader.h"

namespace outbox_relay::config {
namespace {

// The table of deploy/sql/outbox.sql.
constexpr std::string_view outbox_relay_table = R"(columns:
  id: id
  message_id: message_id
  key: aggregateid
  payload: payload
  headers: headers
  created_at: created_at
  sent: sent_at
  parked_at: parked_at
  attempts: attempts
  last_error: last_error
extra_columns: [aggregatetype, type]
headers:
  event-type: "{type}"
keep_sent: 7d
)";

// Debezium's outbox event router: its columns and defaults, with `seq` and `sent_at` added.
// Source: https://debezium.io/documentation/reference/stable/transformations/outbox-event-router.html
constexpr std::string_view debezium_table = R"(columns:
  id: seq
  message_id: id
  key: aggregateid
  payload: payload
  sent: sent_at
extra_columns: [aggregatetype, type]
topic: "outbox.event.{aggregatetype}"
message_id_header: id
null_headers: send
)";

// Eventuate Tram's message table, with what deploy/sql/eventuate.sql adds to it; the records are those of the
// Eventuate CDC service.
// Sources: https://github.com/eventuate-foundation/eventuate-common,
// postgres/2.initialize-database.sql; https://github.com/eventuate-foundation/eventuate-cdc,
// MessageWithDestination.toJson and MessageWithDestinationPublishingStrategy.
constexpr std::string_view eventuate_table = R"(columns:
  id: seq
  message_id: id
  key: record_key
  payload: record_value
  sent: published
extra_columns: [destination]
topic: "{destination}"
)";

constexpr std::string_view no_table = "{}\n";

Node parsed(Preset preset) {
  const Source source{std::string(preset_text(preset))};
  Report report;
  auto node = parse_document(source, report);
  if (!node || !report.empty()) throw std::logic_error("a preset is no valid YAML");
  return *std::move(node);
}

/// The same for `Section`, which borrows it: lives as long as the program.
const Node& preset_node(Preset preset) {
  static const std::array<Node, 4> nodes = {parsed(Preset::outbox_relay), parsed(Preset::debezium),
                                            parsed(Preset::eventuate), parsed(Preset::none)};
  return nodes.at(static_cast<std::size_t>(preset));
}

/// What a preset sets, read as an item of `outboxes` is.
Section section_of(Preset preset) {
  static const auto options = options_of(outbox_fields());
  static Report nothing;
  return {preset_node(preset), "", options, nothing};
}

}  // namespace

std::string_view preset_text(Preset preset) {
  switch (preset) {
    case Preset::outbox_relay:
      return outbox_relay_table;
    case Preset::debezium:
      return debezium_table;
    case Preset::eventuate:
      return eventuate_table;
    case Preset::none:
      return no_table;
  }
  throw std::logic_error("a preset that does not exist");
}

bool fills_in(Preset preset, std::string_view option) {
  return section_of(preset).find(option) != nullptr;
}

Outbox defaults_of(Preset preset) {
  Outbox outbox;
  set_defaults(outbox_fields(), outbox);
  section_of(preset).read(outbox_fields(), outbox);
  outbox.preset = preset;
  return outbox;
}

}  // namespace outbox_relay::config
