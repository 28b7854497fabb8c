// What a key that becomes uuid means to the definition of a partitioned table that is made anew: the types of its
// key columns, and the bounds of its partitions.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "compiler/lint/key_use.h"

namespace rekey::lint {

// `definition`: CREATE TABLE … PARTITION BY and what belongs to it, ALTER TABLE … ATTACH PARTITION among that. The
// relations are the table and its partitions; there are no outputs. The defaults of `known` columns go: a plan has
// them, as they stand from phase to phase.
KeyUse partition_use(const std::string& definition, const KeyColumns& keys, const std::set<std::string>& known);

// Whether a statement of it makes, or comments on, a constraint with one of these names.
bool is_of_constraint(const std::string& statement, const std::set<std::string>& names);

// The columns that an INSERT may name, as the catalog has them.
std::vector<std::string> written_columns(const std::string& definition);

}  // namespace rekey::lint
