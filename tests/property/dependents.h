// What hangs on the keys of random schemas: a table of templates, filled in.
#pragma once

#include "tests/property/schema.h"

namespace rekey::property {

// Those that rekey carries over without a word in the plan.
void add_dependents(Schema& schema, const Recipe& recipe, int server);

// Those that do with a key what cannot be done with a uuid; names begin with "odd".
void add_meaningless(Schema& schema, const Recipe& recipe, int server);

}  // namespace rekey::property
