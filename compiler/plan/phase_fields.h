// Fields of a phase and of what stands in it.
#pragma once

#include "compiler/plan/fields.h"

namespace rekey::plan {

const std::vector<std::string>& strategies();  // as they stand in a plan

const Object& probe_object();
const Object& check_object();
const Object& own_sql_object();
const Object& index_change_object();
const Object& phase_object();

}  // namespace rekey::plan
