// From the text of a plan to plan.h.
#pragma once

#include <string>

#include "compiler/plan/plan.h"

namespace rekey::plan {

// Collects every error of the text in `diagnostics`; with errors there, the plan is incomplete.
// What is checked: YAML, keys, kinds of values, words, shapes of names. What names refer to is not.
Plan parse(const std::string& text, Diagnostics& diagnostics);

}  // namespace rekey::plan
