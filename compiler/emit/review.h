// REVIEW.md: what a person reads before approving a bundle.
#pragma once

#include <string>

#include "compiler/emit/emit.h"

namespace rekey::emit {

std::string review(const Input& input, const bundle::Bundle& bundle, const Templates& templates,
                   const Diagnostics& diagnostics);

}  // namespace rekey::emit
