// Tries a draft out on a copy of the schema and writes what failed into it.
#pragma once

#include <string>

#include "compiler/inspect/draft.h"
#include "compiler/inspect/inspect.h"
#include "runtime/db/connection.h"

namespace rekey::inspect {

// What fails becomes the problem of its dependent, or an object of its own where it has none: either way an
// error until a person settles it. Throws CannotInspect, Failed.
Probed probe(Draft& draft, const std::string& address, db::Connection& live);

}  // namespace rekey::inspect
