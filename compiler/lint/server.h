// What a plan asks of the server that its version does not have: an error with the version that has it, instead of
// a syntax error when the bundle is applied.
#pragma once

#include "compiler/diagnostics.h"
#include "compiler/plan/plan.h"

namespace rekey::lint {

// A plan that names no version is for all from 13 on, and is not checked: what it has comes from its server.
void check_server(const plan::Plan& plan, Diagnostics& diagnostics);

}  // namespace rekey::lint
