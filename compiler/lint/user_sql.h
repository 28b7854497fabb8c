// SQL that a plan brings along: every piece must parse as what it stands for and as nothing more, and
// must mean the same to psql.
#pragma once

#include "compiler/diagnostics.h"
#include "compiler/plan/plan.h"

namespace rekey::lint {

void check_user_sql(const plan::Plan& plan, Diagnostics& diagnostics);

}  // namespace rekey::lint
