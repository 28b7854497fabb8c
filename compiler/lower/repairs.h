// What an offline phase does with rows before their keys change, where the plan has decided of them: first those that refer
// to none, then those that would share a key. What goes is kept in schema rekey, and comes back last of all on the way back.
#pragma once

#include <vector>

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

std::vector<Step> repair_steps(const OfflinePhase& context);

}  // namespace rekey::lower
