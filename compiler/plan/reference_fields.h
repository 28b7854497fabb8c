// Fields of foreign keys, and of references that no constraint enforces.
#pragma once

#include "compiler/plan/fields.h"

namespace rekey::plan {

const Object& foreign_key_object();
const Object& typed_reference_object();
const Object& logical_reference_object();

}  // namespace rekey::plan
