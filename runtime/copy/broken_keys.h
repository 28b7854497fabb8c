// Foreign keys that rows of the original break: written while triggers were off. A copy gets them all the same.
#pragma once

#include <string>
#include <vector>

#include "runtime/db/connection.h"

namespace rekey {

// Makes those that the copy, whose rows are there, lacks, validated as they are in the original; takes what the loading of
// the schema said of them out of `lost`.
void add_broken_keys(db::Connection& copy, db::Connection& live, std::vector<std::string>& lost);

}  // namespace rekey
