// YAML as a tree with places. What plans do not use is refused here: duplicate keys, merges,
// aliases, tags, several documents, keys that are no text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/diagnostics.h"

namespace rekey::plan {

struct Node {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  bool plain = false;  // a scalar without quotes
  Span span;           // of a null value: its key's
  std::string text;    // of a scalar
  std::vector<Node>
      items;  // of a list its values; of a map key, value, key, value; keys are scalars
};

// nullopt when the text is no YAML or is empty; the reasons are in `diagnostics`.
std::optional<Node> read_yaml(const std::string& text, Diagnostics& diagnostics);

}  // namespace rekey::plan
