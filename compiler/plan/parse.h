// From the text of a plan to plan.h.
#pragma once

#include <string>

#include "compiler/plan/fields.h"
#include "compiler/plan/plan.h"

namespace rekey::plan {

// Collects every error of the text in `diagnostics`; with errors there, the plan is incomplete.
// What is checked: YAML, keys, kinds of values, words, shapes of names. What names refer to is not.
Plan parse(const std::string& text, Diagnostics& diagnostics);

// The same for another file with a table of fields: `owner` is what `object` describes, `title`
// names it in messages.
void parse(const std::string& text, const Object& object, void* owner, const std::string& title,
           Diagnostics& diagnostics);

}  // namespace rekey::plan
