// What the swap of an online phase does once it has its tables for itself: both generations of the keys take each
// other's names, with indexes, defaults, foreign keys and triggers.
#pragma once

#include <string>
#include <vector>

#include "compiler/lower/online_phase.h"

namespace rekey::lower {

using Statements = std::vector<std::string>;

// What is done and looked at before the locks; then what is done under them, as rekey.plan_changes takes it.
Statements look_ahead(const OnlinePhase& context);
Statements exchange(const OnlinePhase& context);
Statements look_back(const OnlinePhase& context);
Statements exchange_back(const OnlinePhase& context);

// A foreign key as procedures of templates/foundation/online_partitions.sql take it.
std::string foreign_key_arguments(const OnlinePhase& context, const model::ForeignKey& fk);

}  // namespace rekey::lower
