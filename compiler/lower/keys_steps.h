// The steps of an offline phase that find out which keys its rows get: one for each domain.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower/offline_phase.h"

namespace rekey::lower {

Step keys_step(const OfflinePhase& context, model::DomainId d);

// Lists that others are made from come before them; there are no cycles.
std::vector<Step> lists_first(const std::vector<Step>& keys);

// What the pairs of a domain are listed under in a phase: its name, or, in stages, the stage's.
std::string pairs_name(const model::Domain& domain, const model::Phase& phase);

}  // namespace rekey::lower
