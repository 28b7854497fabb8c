// REVIEW.md: what a person reads before approving a bundle.
#pragma once

#include <string>

#include "compiler/emit/emit.h"

namespace rekey::emit {

// Whether some phase of tables is of that kind.
bool has_stage(const Input& input, model::Stage stage);

std::string review(const Input& input, const bundle::Bundle& bundle, const Templates& templates,
                   const Diagnostics& diagnostics);

}  // namespace rekey::emit
