// What a plan adds to a phase, as steps of it.
#pragma once

#include "compiler/lower/step.h"

namespace rekey::lower {

// To a phase that is lowered: its open step comes first, its close step last.
void add_plan_steps(const model::Model& model, Phase& lowered);

// Whether the way back leaves what it did.
bool stays(const plan::OwnSql& own);

}  // namespace rekey::lower
