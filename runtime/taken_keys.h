// Where only some rows of a table change, now or in this stage: new keys that another row has.
#pragma once

#include "runtime/checks.h"

namespace rekey {

// Of generators v5 and expression, as far as a key can be made before the phase. Later its phase finds all of them.
Problems find_taken_keys(db::Connection& session, const bundle::Domain& domain);

}  // namespace rekey
