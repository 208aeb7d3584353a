#include "config/envelope_checks.h"

#include <algorithm>
#include <string>

#include "config/texts.h"
#include "config/values.h"
#include "core/cloud_event.h"

namespace outbox_relay::config {
namespace {

using namespace core::cloud_event;

void check_message_id(Outbox& outbox, const Section& section) {
  const Node* given = section.find("message_id_header");
  if (given != nullptr && !section.is_wrong("message_id_header") && outbox.message_id_header != id_header) {
    section.report().add(given->span.begin,
                         called(*given) + " is not where CloudEvents has the id of an event",
                         "leave it out: `envelope: cloudevents` sends `ce_id`");
  }
  outbox.message_id_header = id_header;
}

void check_null_headers(Outbox& outbox, const Section& section) {
  const Node* given = section.find("null_headers");
  if (given != nullptr && outbox.null_headers == NullHeaders::send) {
    section.report().add(
        given->span.begin,
        "`null_headers: send` means nothing with `envelope: cloudevents`: no attribute is null",
        "leave one of them out");
  }
  outbox.null_headers = NullHeaders::leave_out;
}

void check_required(const Outbox& outbox, const Section& section) {
  for (const std::string_view required : required_headers) {
    const bool is_there = std::ranges::any_of(outbox.headers, [&](const Header& header) {
      return header.name == required && !header.value.pieces.empty();
    });
    if (is_there) continue;
    section.report().add(section.place(section.find("headers") != nullptr ? "headers" : "envelope"),
                         "`envelope: cloudevents` needs the header " + in_quotes(required),
                         "add it to `headers`, such as `ce_source: /shop/orders` and `ce_type: \"{type}\"`");
  }
}

void check_header(const Header& header, const Node& node, Report& report) {
  const auto name = in_quotes(header.name);
  if (header.name == specversion_header || header.name == time_header) {
    report.add(node.span.begin, "the header " + name + " comes from `envelope: cloudevents`",
               "leave it out; the time of an event is its row's `created_at`");
  } else if (is_attribute(header.name) && !is_attribute_name(header.name)) {
    report.add(node.span.begin, "the header " + name + " is no attribute that CloudEvents takes",
               "only lower-case letters and digits follow `ce_`");
  } else if (header.name == content_type_header &&
             header.value.literal_prefix().starts_with(structured_mode)) {
    report.add(node.span.begin, called(node) + " stands for CloudEvents in structured mode",
               "name the media type of the payload, such as `application/json`");
  }
}

}  // namespace

void check_envelope(Outbox& outbox, const Section& section) {
  if (outbox.envelope != Envelope::cloudevents) return;
  check_message_id(outbox, section);
  check_null_headers(outbox, section);
  if (section.is_wrong("headers")) return;
  check_required(outbox, section);
  for (const Header& header : outbox.headers) {
    const Node* node = section.find_within("headers", header.name);
    if (node != nullptr) check_header(header, *node, section.report());
  }
}

}  // namespace outbox_relay::config
