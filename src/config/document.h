#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/source.h"

namespace outbox_relay::config {

struct Entry;

/// A part of a YAML document. Values are texts still: what type they must have, the option table says.
struct Node {
  enum class Kind : std::uint8_t { null, scalar, list, mapping };

  Kind kind = Kind::null;
  Span span;                   ///< up to the next part of the document
  std::string text;            ///< of a scalar; after `expand` with the variables' values in it
  std::string written;         ///< of a scalar: the text as it stands in the file
  bool has_variable = false;   ///< `text` came out of a variable in part: it must not be shown
  bool is_refused = false;     ///< a problem with it was reported already: its value means nothing
  std::vector<Node> items;     ///< of a list
  std::vector<Entry> entries;  ///< of a mapping, in the order of the file, duplicates included
};

struct Entry {
  Node key;  ///< a scalar
  Node value;

  [[nodiscard]] Span span() const { return {key.span.begin, value.span.end}; }
};

/// Reads one YAML document. Everything is bounded: 1 MiB of text, 16 levels.
///
/// Left out of YAML on purpose, each reported with its place: anchors, aliases and merge keys (a value may be
/// far from where it is read, and may grow without bound), tags, keys that are no plain texts, more than one
/// document.
///
/// Returns nothing when the structure could not be read to its end. Problems are added to `report`; after a
/// syntax error everything that could be a secret is hidden there, since nobody can tell any more what
/// belongs to what.
[[nodiscard]] std::optional<Node> parse_document(const Source& source, Report& report);

}  // namespace outbox_relay::config
