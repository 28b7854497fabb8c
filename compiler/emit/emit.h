// From lowered phases to the bytes of a bundle: templates rendered, every statement parsed and its locks
// derived, step ranges and digests noted. Pure: the same input gives the same bytes.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/diagnostics.h"
#include "compiler/emit/templates.h"
#include "compiler/lower/step.h"
#include "runtime/bundle/bundle.h"

namespace rekey::emit {

struct Emitted {
  bundle::Bundle bundle;
  std::map<std::string, std::string> files;  // by path in the folder, bundle.json included
};

struct Input {
  const model::Model& model;
  std::vector<lower::Phase> phases;  // the data of a step go when its text is there
  std::string plan_file;    // its name without folders, as headers show it
  std::string plan_digest;  // sha256:…
};

// Throws std::logic_error when a statement of ours does not parse: a template is broken.
Emitted emit(Input input, const Templates& templates, const Diagnostics& diagnostics);

}  // namespace rekey::emit
