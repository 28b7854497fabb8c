// What SQL of the plan's own does to tables in phases that run beside the application.
#pragma once

#include "compiler/diagnostics.h"
#include "compiler/model/schema.h"

namespace rekey::lint {

// An error for each text that goes through a table under a lock that writers wait for, and for each of which that
// cannot be told.
void check_phase_effects(const model::Model& model, Diagnostics& diagnostics);

}  // namespace rekey::lint
