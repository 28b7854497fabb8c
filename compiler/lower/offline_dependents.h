// Dependents in an offline phase: out of the way before the tables they use are rewritten, made again
// afterwards.
#pragma once

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

struct DependentSteps {
  std::vector<Step> set_asides, put_backs;  // each in an order that satisfies `needs`
  std::vector<Step> renewals;               // after the rewrites, either way
};
DependentSteps dependent_steps(const OfflinePhase& context);

// The rewrite of a table stands between its dependents' leaving and their return; the table's statistics
// are taken when its indexes are complete.
void order_around_dependents(const OfflinePhase& context, std::vector<Step>& rewrites, std::vector<Step>& vacuums);

}  // namespace rekey::lower
