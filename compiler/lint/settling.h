// What to write where a dependent cannot be carried over: lines to paste into a plan or a decisions file.
#pragma once

#include <string>

#include "compiler/plan/plan.h"

namespace rekey::lint {

// `may_stay`: nothing in the server keeps its keys from changing while it is there.
std::string ways_to_settle(const plan::Dependent& dependent, bool may_stay);

}  // namespace rekey::lint
