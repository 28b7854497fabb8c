// What a plan adds to a phase, each for itself: checks, steps of SQL, indexes, columns that go.
#pragma once

#include "compiler/diagnostics.h"
#include "compiler/plan/plan.h"

namespace rekey::lint {

void check_phase_sql(const plan::Phase& phase, Diagnostics& diagnostics);

}  // namespace rekey::lint
