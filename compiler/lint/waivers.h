// Waivers: findings that are a judgement, and that people have judged. A warning is one; an error says that rows could be
// lost or that the SQL could not run, and nothing waives it.
#pragma once

#include "compiler/diagnostics.h"
#include "compiler/plan/plan.h"

namespace rekey::lint {

// Dates and names; before all else is read.
void check_waivers(const plan::Plan& plan, Diagnostics& diagnostics);

// Once all findings are there: those that a waiver names become notes with its reason.
void apply_waivers(const plan::Plan& plan, Diagnostics& diagnostics);

}  // namespace rekey::lint
