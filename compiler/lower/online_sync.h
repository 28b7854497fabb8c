// The triggers that keep both generations of a table's keys right: before the swap the new key follows the old one,
// after it the old key follows the new one.
#pragma once

#include "compiler/lower/online_phase.h"

namespace rekey::lower {

enum class Follows { new_key, old_key };

// Statements that make function and triggers; where the function is there it is written over.
std::string sync(const OnlinePhase& context, model::TableId t, Follows what);
// That drop the triggers.
std::string unsync(const OnlinePhase& context, model::TableId t, Follows what);

// A condition that holds for rows, of table t under the alias t, in which the generations do not agree.
std::string disagreement(const OnlinePhase& context, model::TableId t, Follows what);

// "new := f(old)" for every pair, as SET of an UPDATE takes it; and a condition for the rows that lack one.
std::string filled(const OnlinePhase& context, model::TableId t);
std::string lacking(const OnlinePhase& context, model::TableId t);

}  // namespace rekey::lower
